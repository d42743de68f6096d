"""A Redis that comes back with less than it had answered: who was told more says so, in the log and in the books."""
from standpipe_run import wait_for


def deliver_one(p, n):
    p.put(data=f'{{"sp_id":"{n}"}}', to="ship")
    p.rest()


def test_books_that_were_rolled_back_are_noticed_once(pipeline):
    p = pipeline
    p.apply()
    p.start("dispatch", "deliver-1")
    for n in range(3):
        deliver_one(p, n)
    p.r.hincrby("sp:{0}:books", "ship:out", -2)  # as a file that lost its end
    p.r.hincrby("sp:{0}:books", "ship:in", -2)
    deliver_one(p, 3)
    wait_for("the sentence", lambda: p.said("redis has forgotten what it had answered"))
    for n in range(4, 6):
        deliver_one(p, n)
    assert p.books()["ship:rewound"] == 1
    assert p.worker("deliver-1").log.read_text().count("redis has forgotten") == 1


def test_a_connection_that_is_lost_is_no_rewind(pipeline):
    p = pipeline
    p.apply()
    p.start("dispatch", "deliver-1", "deliver-2")
    for n in range(3):
        deliver_one(p, n)
    p.r.client_kill_filter(_type="normal", skipme=True)
    deliver_one(p, 3)
    assert "ship:rewound" not in p.books() and not p.said("redis has forgotten")
