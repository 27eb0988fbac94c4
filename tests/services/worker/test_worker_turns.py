import threading

from inspection.services.worker.turns import Turns


class Line:
    """Jobs that wait in front of a worker; `done` tells in which order they had their turn."""

    def __init__(self):
        self.turns, self.done, self.threads = Turns(), [], []

    def waits(self, name, **how):
        queue = self.turns._batches if how.get("patient") else self.turns._persons
        before = len(queue)

        def job():
            with self.turns.turn(**how):
                self.done.append(name)

        thread = threading.Thread(target=job)
        thread.start()
        self.threads.append(thread)
        while len(queue) == before:
            thread.join(0.001)

    def ends(self):
        for thread in self.threads:
            thread.join(10)
        return self.done


def test_photos_have_their_turn_in_the_order_of_asking_a_persons_before_a_batchs():
    line = Line()
    with line.turns.turn():
        line.waits("batch A", patient=True)
        line.waits("batch B", patient=True)
        line.waits("Kim")
        line.waits("Lee")
    assert line.ends() == ["Kim", "Lee", "batch A", "batch B"]


def test_a_long_photo_lets_one_person_at_a_time_go_first_and_goes_on():
    line = Line()
    with line.turns.turn(patient=True):
        assert not line.turns.lend()
        line.waits("batch B", patient=True)
        assert not line.turns.lend()
        line.waits("Kim")
        line.waits("Lee")
        assert line.turns.lend()
        assert line.done == ["Kim"]
        assert line.turns.lend()
        assert line.done == ["Kim", "Lee"]
    assert line.ends() == ["Kim", "Lee", "batch B"]


def test_who_has_borrowed_a_turn_lends_nothing_further():
    turns, asked = Turns(), []

    def borrow():
        with turns.turn():
            asked.append(turns.lend())

    with turns.turn():
        others = [threading.Thread(target=borrow) for _ in range(2)]
        for thread in others:
            thread.start()
        while len(turns._persons) < 2:
            others[0].join(0.001)
        assert turns.lend()
        assert asked == [False]
    for thread in others:
        thread.join(10)
    assert asked == [False, False]
