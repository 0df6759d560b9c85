"""One run that ends in a bucket: made in the staging folder, then sent."""

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polychip import wording
from polychip.build import RunOptions, fingerprint, run, source_identities, write_formats
from polychip.errors import Interrupted, OutputError
from polychip.execute import Executor
from polychip.io.atomic import write_text
from polychip.io.light import load_pyogrio_light
from polychip.io.remote.bucket import Bucket, GoneError
from polychip.manifest import read_manifest
from polychip.mirror import copy_dataset
from polychip.recipe import Recipe
from polychip.reporter import Reporter, Silent
from polychip.scenes.choose import needs_labels
from polychip.scenes.prepare import make_plan
from polychip.state import MANIFEST, UPDATING, holds_others, is_there
from polychip.update import update_dataset
from polychip.upload.claim import CLAIM, Claim
from polychip.upload.options import StagingOptions
from polychip.upload.staging import Staging
from polychip.upload.told import bucket_recipe, refuse_borrowed, summary_of, with_path
from polychip.upload.transfer import Transfer

if TYPE_CHECKING:
    from polychip.finish import Summary

_DONE = "done"
_FETCHING = "fetching"


def deliver(
    recipe: Recipe,
    options: RunOptions,
    reporter: Reporter | None,
    executor: Executor | None,
    staging: StagingOptions,
    *,
    update: bool,
) -> "Summary":
    """Make a dataset and send it to the bucket that its recipe names; as `make_dataset`."""
    started = time.monotonic()
    refuse_borrowed(recipe)
    bucket = Bucket(recipe.output.path)
    place = Staging.of(bucket.address, staging)
    place.lock()
    try:
        work = _Delivery(recipe, options, reporter or Silent(), bucket, place, update=update)
        try:
            summary = work.carry_out(executor)
        except GoneError as error:
            kept = f"what is made is kept in {place.folder}: go on with --resume"
            raise OutputError(f"{error}; {kept}" if place.status else str(error)) from error
        if not staging.keep:
            place.clear()
    finally:
        place.release()
    return replace(summary, address=bucket.address, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _There:
    """What is at the address."""

    manifest: bytes | None
    claimed: bool
    names: tuple[str, ...]
    """A few of its objects."""

    @classmethod
    def of(cls, bucket: Bucket) -> "_There":
        names = tuple(bucket.first(5))
        if not names:
            return cls(None, claimed=False, names=())
        return cls(bucket.read(MANIFEST), bucket.read(CLAIM) is not None, names)


class _Delivery:
    """One run that ends in a bucket."""

    def __init__(
        self,
        recipe: Recipe,
        options: RunOptions,
        reporter: Reporter,
        bucket: Bucket,
        place: Staging,
        *,
        update: bool,
    ) -> None:
        self._recipe, self._options, self._reporter = recipe, options, reporter
        self._bucket, self._place, self._update = bucket, place, update
        self._local = with_path(recipe, str(place.folder))
        self._claim = Claim(bucket, place.run)
        self._sent = False

    def carry_out(self, executor: Executor | None) -> "Summary":
        """Make it here, send it there."""
        there = self._refuse()
        self._take(there)
        try:
            self._reporter.note(
                f"the dataset is made in {self._place.folder} and sent to "
                f"{self._bucket.address} from there; {wording.size(self._place.free_bytes)} are "
                "free on that disk (--staging DIR makes it elsewhere)"
            )
            summary = self._build(there, executor)
            self._send()
        except BaseException:
            if self._claim.is_new and not self._sent:  # the bucket is as it was
                with contextlib.suppress(OutputError):
                    self._claim.release()
            raise
        self._claim.release()
        return summary

    def _refuse(self) -> _There:
        """Make sure that the address may be written; what is there.

        Raises:
            OutputError: something is in the way.
        """
        there, address = _There.of(self._bucket), self._bucket.address
        options, place = self._options, self._place
        if there.names and there.manifest is None and not there.claimed:
            raise holds_others(address, there.names)
        if options.overwrite or (self._update and there.manifest is not None):
            return there
        if there.manifest is not None and not self._is_same(there):
            raise is_there(address, finished=True)
        begun = there.claimed or (place.status is not None and not self._update)
        if begun and not (options.resume or place.status in self._goes_on):
            raise OutputError(
                f"{is_there(address, finished=False)}; if it is another machine's and still at "
                "work, wait for it"
            )
        return there

    @property
    def _goes_on(self) -> tuple[str, ...]:
        """What an update goes on with: an update that was stopped, or a dataset not all sent."""
        return (UPDATING, _DONE) if self._update else ()

    def _is_same(self, there: _There) -> bool:
        """Whether a resumed run made the dataset that is there, and was stopped after that."""
        return self._options.resume and (there.claimed or self._holds(there))

    def _holds(self, there: _There) -> bool:
        """Whether the staging folder has the dataset that is there, whole."""
        if self._place.status != _DONE or there.manifest is None:
            return False
        return (self._place.folder / MANIFEST).read_bytes() == there.manifest

    def _take(self, there: _There) -> None:
        over = self._options.resume or self._options.overwrite
        if self._claim.take(over=over):
            self._reporter.warn(
                f"{self._bucket.address}: another machine's run was begun here and not finished; "
                "this one takes over (the other stops, should it still be at work)"
            )
        if there.manifest is None and self._bucket.read(MANIFEST) is not None:
            self._claim.release()  # somebody was done between the look and the claim
            raise is_there(self._bucket.address, finished=True)

    def _build(self, there: _There, executor: Executor | None) -> "Summary":
        place, options, reporter = self._place, self._options, self._reporter
        if self._update:
            gone = there.manifest is not None and not self._holds(there)
            if gone and place.status != UPDATING:
                self._fetch()
            return update_dataset(self._local, options, reporter, executor)
        if options.resume and place.status == _DONE and self._is_made():
            if executor is not None:
                executor.stop(now=True)
            reporter.note("the dataset is whole; what is missing in the bucket is sent")
            report = self._recipe.output.report
            summary = summary_of(place.folder, read_manifest(place.folder), report=report)
            return replace(summary, formats=write_formats(self._local, options, reporter))
        return run(self._local, options, reporter, executor)

    def _is_made(self) -> bool:
        """Whether the dataset in the staging folder is that of recipe and inputs as they are."""
        if self._options.own_process and needs_labels(self._local):
            load_pyogrio_light()
        plan = make_plan(self._local)
        told = fingerprint(self._local, source_identities(self._local), plan.frozen)
        return (self._place.state.read("run.json") or {}).get("fingerprint") == told

    def _fetch(self) -> None:
        """Copy the dataset that is to be updated into the staging folder, the manifest last."""
        place, bucket, reporter = self._place, self._bucket, self._reporter
        place.clear()
        place.state.write("run.json", {"status": _FETCHING})
        reporter.note(
            f"the dataset is fetched from {bucket.address} first; with --keep-staging the next "
            "update finds it here"
        )
        try:
            copy_dataset(bucket, place.folder, reporter)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; give the same command again") from None
        place.state.write("run.json", {"status": _DONE})

    def _send(self) -> None:
        place = self._place
        recipe = place.home / "recipe.toml"
        write_text(recipe, bucket_recipe(self._recipe))
        transfer = Transfer(
            self._bucket, place.folder, self._claim, self._reporter, {"recipe.toml": recipe}
        )
        try:
            transfer.carry()
        finally:
            self._sent = transfer.wrote
        removed = f", {transfer.n_removed:,} old ones removed" if transfer.n_removed else ""
        self._reporter.note(
            f"{wording.plural(transfer.n_sent, 'file')} "
            f"({wording.size(transfer.bytes_sent)}) sent to {self._bucket.address}{removed}"
        )
