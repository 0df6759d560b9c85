"""The names that users know stay callable, however often and in whatever order they are used."""

import subprocess
import sys


def test_the_public_functions_stay_functions_after_their_modules_were_loaded() -> None:
    """`polychip.run` is a function; importing a module of that name must not replace it."""
    code = (
        "import polychip, importlib, pkgutil\n"
        "import polychip.api, polychip.finish, polychip.scenes.prepare\n"
        "try:\n"
        "    polychip.run({'scenes': []})\n"
        "except polychip.PolychipError:\n"
        "    pass\n"
        "for module in pkgutil.iter_modules(polychip.__path__):\n"
        "    if module.name not in ('__main__', 'torch_dataset'):  # PyTorch is optional\n"
        "        importlib.import_module(f'polychip.{module.name}')\n"
        "bad = [n for n in ('export', 'run', 'plan', 'open') if not callable(getattr(polychip, n))]\n"
        "assert not bad, f'{bad} are modules now'\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr.splitlines()[-1]
