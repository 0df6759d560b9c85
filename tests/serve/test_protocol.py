"""The serving process among bad lines, long ones, several requests, and clients that go away."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from support.commands import leftovers, run_cli, write_recipe, write_square_labels
from support.datasets import differing
from support.rasters import place, write_raster
from support.serving import Client

BOXES = [(4, 4, 30, 20), (40, 10, 70, 50), (100, 100, 150, 140)]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Six chips of two classes."""
    where = place(160, 192)
    write_raster(tmp_path / "scene.tif", where)
    write_square_labels(tmp_path / "labels.gpkg", where, BOXES, **{"class": ["a", "b", "a"]})
    return write_recipe(tmp_path / "recipe.toml", tmp_path / "scene.tif", tmp_path / "labels.gpkg")


@pytest.fixture
def long_recipe(tmp_path: Path) -> Path:
    """A run that lasts for seconds, in several blocks."""
    where = place(4608, 4608)
    row, column = np.mgrid[0:4608, 0:4608]
    pixels = ((row * 31 + column * 17) % 251).astype(np.uint8)[None]
    write_raster(tmp_path / "large.tif", where, pixels, tiled=True, blockxsize=256, blockysize=256)
    boxes = [(x, y, x + 90, y + 70) for x in range(10, 4500, 400) for y in range(10, 4500, 300)]
    write_square_labels(tmp_path / "large.gpkg", where, boxes, **{"class": ["a"] * len(boxes)})
    path = tmp_path / "long.toml"
    write_recipe(path, tmp_path / "large.tif", tmp_path / "large.gpkg")
    path.write_text(path.read_text().replace("size = 64", "size = 256"))
    return path


def test_hello_tells_what_recipes_may_ask_for(client: Client, recipe: Path) -> None:
    told = client.ask("hello", protocol=1, client="test")
    assert told["protocol"] == 1
    version = run_cli("--version", cwd=recipe.parent).out.split()[1]
    assert told["version"] == version
    plain = recipe.read_text()
    for table, key, choices in (("masks", "mode", told["modes"]), ("chips", "edge", told["edges"])):
        assert len(choices) == 3
        for choice in choices:
            more = f'{key} = "{choice}"\n'
            text = plain + more if table == "chips" else f"{plain}[masks]\n{more}"
            assert client.ask("recipe", text=text, base=str(recipe.parent))
    for ways in told["splits"]:
        text = plain + f'[split]\nby = "{ways}"\n'
        assert client.ask("recipe", text=text, base=str(recipe.parent))
    for method in told["methods"]:
        if method != "shutdown":
            assert client.answer(client.send(method))["ok"] is (method == "hello")
    assert client.refused("hello", protocol=2)[0] == "unsupported_protocol"


def test_a_recipe_comes_back_checked_with_whole_paths(client: Client, recipe: Path) -> None:
    told = client.ask("recipe", recipe=str(recipe))["recipe"]
    assert told["scenes"][0]["image"] == [str(recipe.parent / "scene.tif")]
    assert told["chips"]["size"] == 64
    assert told["output"]["path"] == str(recipe.parent / "dataset")
    code, message = client.refused("recipe", text="[chips]\nsise = 3", base="/")
    assert code == "recipe"
    assert "size" in message


BAD_LINES = [
    (b"nonsense", None, "bad_json"),
    (b"\xff\xfe\x00", None, "bad_json"),
    (b"[" * 100_000, None, "bad_json"),
    (b'{"id": 1, "method": "hello", "params": {"protocol": NaN}}', None, "bad_json"),
    (b'{"id": 1e999}', None, "bad_request"),
    (b"[]", None, "bad_request"),
    (b"17", None, "bad_request"),
    (b"{}", None, "bad_request"),
    (b'{"id": null, "method": "hello"}', None, "bad_request"),
    (b'{"id": true, "method": "hello"}', None, "bad_request"),
    (b'{"id": {}, "method": "hello"}', None, "bad_request"),
    (b'{"id": "' + b"x" * 101 + b'", "method": "hello"}', None, "bad_request"),
    (b'{"id": "a"}', "a", "bad_request"),
    (b'{"id": "a", "method": 5}', "a", "bad_request"),
    (b'{"id": "a", "method": "hello", "params": []}', "a", "bad_request"),
    (b'{"id": "a", "method": "hello", "more": 1}', "a", "bad_request"),
    (b'{"id": "a", "method": "hello", "params": {"protokol": 1}}', "a", "bad_request"),
    (b'{"id": "a", "method": "helo"}', "a", "unknown_method"),
    (b'{"id": "a", "method": "__init__"}', "a", "unknown_method"),
    (b'{"id": "a", "method": "preview", "params": {"plan": "x", "at": [0, 0]}}', "a",
     "unknown_plan"),
    (b'{"id": "a", "method": "preview", "params": {"plan": 3}}', "a", "bad_request"),
    (b'{"id": "a", "method": "plan", "params": {}}', "a", "bad_request"),
    (b'{"id": "a", "method": "plan", "params": {"recipe": "/none.toml"}}', "a", "recipe"),
    (b'{"id": "a", "method": "plan", "params": {"text": "=", "base": "/"}}', "a", "recipe"),
    (b'{"id": "a", "method": "plan", "params": {"text": "", "base": "here"}}', "a", "bad_request"),
    (b'{"id": "a", "method": "run", "params": {"recipe": "r.toml"}}', "a", "bad_request"),
    (b'{"id": "a", "method": "run", "params": {"recipe": "/r.toml", "way": "x"}}', "a",
     "bad_request"),
    (b'{"id": "a", "method": "cancel", "params": {"request": [1]}}', "a", "bad_request"),
]  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """One process for all bad lines: each must leave it fit for the next."""
    return Client(tmp_path_factory.mktemp("shared"))


@pytest.mark.parametrize(("line", "request_id", "code"), BAD_LINES)
def test_a_bad_line_is_answered_with_its_code_and_the_next_is_served(
    shared: Client, line: bytes, request_id: str | None, code: str
) -> None:
    shared.write(line + b"\n")
    answer = shared.next_line()
    assert (answer["id"], answer["ok"], answer["error"]["code"]) == (request_id, False, code)
    assert answer["error"]["message"]
    assert shared.ask("hello")["protocol"] == 1


BAD_PREVIEWS = [
    {},
    {"at": [0]},
    {"at": [0, "x"]},
    {"at": [0, True]},
    {"at": [1e308, 0]},
    {"chip": "scene_r0000000_c0000000", "arrays": ["masks"]},
    {"chip": "scene_r0000000_c0000000", "arrays": "semantic"},
    {"chip": "scene_r0000000_c0000000", "scene": "none"},
    {"chip": "scene_r0000000_c0000000", "labels": []},
    {"chip": "scene_r0000000_c0000000", "labels": {"features": []}},
    *(
        {"chip": "scene_r0000000_c0000000", "labels": {"key": "k", "features": features}}
        for features in (
            {}, ["x"], [{"id": 1, "wkb": "!"}], [{"id": 1, "wkb": "AAAA"}], [{"id": [1]}],
            [{"id": 1, "geojson": {"type": "Polygon"}}], [{"id": 1, "geojson": 3}],
            [{"id": 1}, {"id": 1}], [{"id": 1, "color": "red"}],
        )
    ),
    {"chip": "scene_r0000000_c0000000", "extent": {"key": "k", "features": []}},
]  # fmt: skip


def test_previews_that_make_no_sense_are_refused_one_by_one(client: Client, recipe: Path) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    for params in BAD_PREVIEWS:
        assert client.refused("preview", plan=plan, **params)[0] == "bad_request", params
    good = client.ask("preview", plan=plan, chip="scene_r0000000_c0000000")
    assert good["pixels"] == {"0": 64 * 64 - 26 * 16 - 24 * 40, "1": 26 * 16, "2": 24 * 40}


def fuzzed(rng: random.Random, line: bytes) -> bytes:
    """The line with some bytes changed, dropped, doubled or cut off; never an end of line."""
    data = bytearray(line)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data)) if data else 0
        how = rng.randrange(4)
        if how == 0 and data:
            data[at] = rng.randrange(256)
        elif how == 1:
            del data[at : at + rng.randint(1, 9)]
        elif how == 2:
            data[at:at] = data[at : at + rng.randint(1, 9)]
        else:
            data[at:at] = rng.choice([b"{", b"}", b'"', b"null", b"-1", b"1e400", b"\\u0000", b"["])
    return bytes(data).replace(b"\n", b" ").replace(b"\r", b" ")


def test_a_thousand_fuzzed_lines_end_nothing(client: Client, recipe: Path) -> None:
    rng = random.Random(7)
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    feature = {"id": 1, "class": "a", "wkb": "AQMAAAAAAAAA"}
    messages = [
        {"id": 1, "method": "hello", "params": {"protocol": 1}},
        {"id": "x", "method": "preview", "params": {"plan": plan, "at": [700010.0, 4399990.0]}},
        {"id": "y", "method": "preview", "params": {"plan": plan, "chip": "c", "labels": {
            "key": "k", "features": [feature]}}},
        {"id": 4, "method": "recipe", "params": {"text": "[chips]", "base": "/"}},
        {"id": 5, "method": "cancel", "params": {"request": 1}},
        {"id": 6, "method": "plan", "params": {"recipe": str(recipe) + "x", "chips": True}},
    ]  # fmt: skip
    lines = [fuzzed(rng, json.dumps(rng.choice(messages)).encode()) for _ in range(1000)]
    lines = [line for line in lines if b"shutdown" not in line and b'"run"' not in line]
    client.write(b"\n".join(lines) + b"\n")
    number = client.send("hello")
    answers = []
    while True:
        answer = client.next_line()
        if answer["id"] == number and answer["ok"] and "protocol" in answer["result"]:
            break
        answers.append(answer)
    codes = {a["error"]["code"] for a in answers if a.get("ok") is False}
    assert {"bad_json", "bad_request", "unknown_method"} <= codes
    internal = [a for a in answers if a.get("error", {}).get("code") == "internal"]
    assert internal == []
    assert client.ask("preview", plan=plan, chip="scene_r0000000_c0000000")["pixels"]["1"] == 416


def test_a_line_without_end_is_refused_and_costs_no_memory(client: Client) -> None:
    limit = client.ask("hello")["max_line_bytes"]
    chunk = b"x" * 2**20
    for _ in range(4 * limit // len(chunk)):
        client.write(chunk)
    client.write(b"\n")
    answer = client.next_line()
    assert (answer["id"], answer["error"]["code"]) == (None, "too_large")
    status = Path(f"/proc/{client.process.pid}/status").read_text()
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kb * 1024 < 4 * limit
    assert client.ask("hello")["protocol"] == 1


def test_lines_may_arrive_in_pieces_empty_or_with_a_carriage_return(client: Client) -> None:
    for byte in b'{"id": "p", "method": "hello"}\r\n\n \r\n':
        client.write(bytes([byte]))
    assert client.answer("p")["ok"]
    assert client.ask("hello")


def test_previews_are_answered_while_a_run_goes_on_and_the_run_can_be_cancelled(
    client: Client, recipe: Path, long_recipe: Path
) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    run = client.send("run", recipe=str(long_recipe), workers=1)
    client.event(run, event="progress")
    shown = client.ask("preview", plan=plan, chip="scene_r0000000_c0000000")
    assert shown["pixels"]["1"] == 416
    assert client.ask("cancel", request=run) == {"found": True}
    answer = client.answer(run)
    assert answer["error"]["code"] == "cancelled"
    assert not (long_recipe.parent / "dataset" / "manifest.json").exists()
    assert leftovers(long_recipe.parent) == []
    assert client.ask("cancel", request=run) == {"found": False}
    done = client.ask("run", recipe=str(long_recipe), way="resume")
    assert (done["chips"], done["failed"]) == (18 * 18, {})
    run_cli("run", long_recipe, "-o", "straight", cwd=long_recipe.parent)
    assert differing(long_recipe.parent / "dataset", long_recipe.parent / "straight") == []


def test_a_run_that_is_refused_says_why_in_the_engines_words(client: Client, recipe: Path) -> None:
    assert client.ask("run", recipe=str(recipe))["chips"] == 9
    code, message = client.refused("run", recipe=str(recipe))
    assert code == "refused"
    assert "a finished dataset is already here" in message
    assert client.ask("run", recipe=str(recipe), way="overwrite")["chips"] == 9


def test_an_id_in_use_is_refused_and_its_first_request_is_answered(
    client: Client, long_recipe: Path
) -> None:
    plan = {"id": "same", "method": "plan", "params": {"recipe": str(long_recipe)}}
    client.write(2 * (json.dumps(plan).encode() + b"\n"))
    first, second = client.answer("same"), client.answer("same")
    assert (first["error"]["code"], second["ok"]) == ("bad_request", True)


def test_a_plan_and_a_queued_preview_are_cancelled(client: Client, long_recipe: Path) -> None:
    plan = client.send("plan", recipe=str(long_recipe), exact=True)
    client.event(plan, event="progress")
    assert client.ask("cancel", request=plan) == {"found": True}
    assert client.answer(plan)["error"]["code"] == "cancelled"


def test_the_fifth_plan_closes_the_one_that_was_used_longest_ago(
    client: Client, recipe: Path
) -> None:
    plans = [client.ask("plan", recipe=str(recipe))["plan"] for _ in range(4)]
    chip = "scene_r0000000_c0000000"
    assert client.ask("preview", plan=plans[0], chip=chip)
    plans.append(client.ask("plan", recipe=str(recipe))["plan"])
    assert client.refused("preview", plan=plans[1], chip=chip)[0] == "unknown_plan"
    assert client.ask("preview", plan=plans[0], chip=chip)
    assert client.ask("preview", plan=plans[4], chip=chip)


def test_closing_stdin_ends_the_process_and_the_run_it_had_started(
    client: Client, long_recipe: Path
) -> None:
    run = client.send("run", recipe=str(long_recipe), workers=1)
    client.event(run, event="progress")
    [child] = children_of(client.process.pid)
    assert client.close() == 0
    assert not Path(f"/proc/{child}").exists()
    resumed = run_cli("run", long_recipe, "--resume", cwd=long_recipe.parent)
    assert "324 chips written" in resumed.out


def children_of(pid: int) -> list[int]:
    """Processes that this one has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    threads = Path(f"/proc/{pid}/task").iterdir()
    every = text + " ".join((thread / "children").read_text() for thread in threads)
    return sorted({int(child) for child in every.split()})


def test_shutdown_is_the_last_answer_and_leaves_no_folder_behind(
    client: Client, recipe: Path, tmp_path: Path
) -> None:
    client.ask("plan", recipe=str(recipe))
    folder = tmp_path / "temporary"
    assert len(list(folder.iterdir())) == 1
    assert client.ask("shutdown") == {}
    assert client.process.wait(30) == 0
    assert list(folder.iterdir()) == []
    assert not (recipe.parent / "dataset").exists()


def test_the_users_inputs_are_not_touched(client: Client, recipe: Path) -> None:
    before = {path: path.read_bytes() for path in recipe.parent.iterdir() if path.is_file()}
    plan = client.ask("plan", recipe=str(recipe), exact=True)["plan"]
    client.ask("preview", plan=plan, chip="scene_r0000000_c0000000")
    assert client.close() == 0
    after = {path: path.read_bytes() for path in recipe.parent.iterdir() if path.is_file()}
    assert after == before
