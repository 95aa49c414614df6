"""What of a VTN's list is believed: disappearance is the cancellation, and a flaky VTN cancels nothing."""

from boards.cpython.openadr.known import MISSES, Events, merged
from boards.cpython.strict_json import Malformed
from tests.openadr.documents import event, read

LIMIT = ("IMPORT_CAPACITY_LIMIT", 5)


def events():
    """Return the events of a VTN whose documents are all sense."""
    return Events(lambda event: None)


def listed(*documents):
    return [read(document) for document in documents]


def test_an_event_goes_when_it_is_missing_from_several_lists_in_a_row():
    known = events()
    known.take(listed(event(LIMIT)), 0)
    for _ in range(MISSES - 1):
        assert not known.take([], 0)
        assert "e1" in known.known
    assert known.take([], 0)
    assert known.known == {}


def test_a_list_that_has_it_again_begins_the_count_anew():
    known = events()
    for _ in range(10):
        known.take(listed(event(LIMIT)), 0)
        for _ in range(MISSES - 1):
            known.take([], 0)
    assert "e1" in known.known


def test_a_notified_deletion_counts_with_the_next_list():
    known = events()
    known.take(listed(event(LIMIT)), 0)
    known.deleted("e1")
    known.take([], 0)
    assert known.known == {}


def test_a_notified_deletion_of_what_is_still_listed_is_forgotten():
    known = events()
    known.take(listed(event(LIMIT)), 0)
    known.deleted("e1")
    known.take(listed(event(LIMIT)), 0)
    known.take([], 0)
    assert "e1" in known.known


def test_an_older_answer_has_to_be_said_twice():
    known = events()
    new = event(LIMIT, modificationDateTime="2023-11-15T11:00:00Z")
    old = event(("IMPORT_CAPACITY_LIMIT", 9), modificationDateTime="2023-11-15T10:00:00Z")
    known.take(listed(new), 0)
    assert not known.take(listed(old), 0)
    assert "older" in known.refusals["e1"]
    assert known.take(listed(old), 0)
    assert known.refusals == {}


def test_nonsense_does_not_take_the_place_of_sense():
    known = events()
    known.take(listed(event(LIMIT)), 0)
    before = known.known["e1"].event
    assert not known.take(listed(event(LIMIT, duration="P12H")), 0)
    assert known.known["e1"].event is before and "duration" in known.refusals["e1"]


def test_what_the_site_finds_absurd_does_not_take_the_place_of_sense():
    def check(found):
        if found.priority == 7:
            raise Malformed("absurd")

    known = Events(check)
    known.take(listed(event(LIMIT)), 0)
    assert not known.take(listed(event(LIMIT, priority=7)), 0)
    assert known.refusals == {"e1": "absurd"}


def test_two_events_of_one_name_in_one_list_are_both_refused():
    known = events()
    known.take(listed(event(LIMIT), event(("IMPORT_CAPACITY_LIMIT", 50))), 0)
    assert known.known == {} and "twice" in known.refusals["e1"]


def test_an_event_without_a_usable_name_is_refused_and_the_others_are_taken():
    known = events()
    known.take(listed(event(LIMIT, event_id="../vens"), event(LIMIT, event_id="e2"), 5), 0)
    assert list(known.known) == ["e2"] and len(known.refusals) == 2


def test_more_events_than_are_held_are_refused_with_a_reason():
    known = events()
    known.take(listed(*[event(LIMIT, event_id=f"e{at}") for at in range(260)]), 0)
    assert len(known.known) == 256 and len(known.refusals) == 4


def test_lists_for_several_targets_are_joined_and_so_are_their_targets():
    one, two = event(LIMIT, targets=["a"]), event(LIMIT, targets=["b"])
    joined = merged([listed(event(LIMIT, event_id="e0")), listed(one), listed(two)])
    assert [each["id"] for each in joined] == ["e0", "e1"]
    assert joined[1]["targets"] == ["a", "b"]


def test_an_event_that_two_lists_tell_differently_contradicts_itself():
    other = event(("IMPORT_CAPACITY_LIMIT", 9))
    known = events()
    known.take(merged([listed(event(LIMIT)), listed(other)]), 0)
    assert known.known == {} and "not alike" in known.refusals["e1"]
