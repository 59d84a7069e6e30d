"""When a message is sent again."""

from datetime import timedelta

from oauth_app.outbox.schedule import PAUSES, pause_after


def test_a_message_is_tried_for_more_than_a_day() -> None:
    """Eight attempts, the last one at least 27 hours after the first: a receiver may be down overnight."""
    pauses = [pause_after(attempts) for attempts in range(1, 8)]

    assert all(pause is not None for pause in pauses)
    assert timedelta(hours=27) < sum((pause or timedelta() for pause in pauses), timedelta()) < timedelta(hours=34)
    assert pause_after(8) is None


def test_the_first_repetition_comes_soon() -> None:
    """A receiver that restarts hears of it seconds later."""
    assert pause_after(1) is not None
    assert timedelta(seconds=5) <= (pause_after(1) or timedelta()) <= timedelta(seconds=6)


def test_what_failed_together_does_not_come_back_together() -> None:
    """Pauses differ, and none is shorter than it says."""
    pauses = {pause_after(3) for _ in range(20)}

    assert len(pauses) > 1
    assert all(PAUSES[2] <= (pause or timedelta()) <= PAUSES[2] * 1.2 for pause in pauses)
