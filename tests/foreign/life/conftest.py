import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lifelab import LifeCa  # noqa: E402
from running import ends_well  # noqa: E402


@pytest.fixture(scope="module")
def life(tmp_path_factory, alice):
    ca = LifeCa(tmp_path_factory.mktemp("life"), [alice])
    yield ca
    ends_well(ca, [alice])
