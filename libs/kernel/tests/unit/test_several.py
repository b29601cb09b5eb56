from __future__ import annotations

import pytest

from semblance.kernel.errors import Invalid
from semblance.kernel.several import require_room


@pytest.mark.parametrize(("people", "most", "code"), [(2, 1, "one-person-a-picture"), (4, 3, "too-many-people")])
def test_who_asks_for_too_many_is_told_what_to_do(people: int, most: int, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_room(people, most)
    assert (refused.value.code, bool(refused.value.remedy)) == (code, True)
    require_room(most, most)
