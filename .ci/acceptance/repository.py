"""The repository's own project, which the acceptance runs deploy."""

import pathlib
import shutil

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def copy_project(work):
    """Copies deploy.toml, the model and the test images into a folder."""
    shutil.copy(REPOSITORY / "deploy.toml", work)
    for name in ("model", "test_images"):
        shutil.copytree(REPOSITORY / name, work / name)
