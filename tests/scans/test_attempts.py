from imgmatch.scans.attempts import AttemptLog


def test_attempt_log_tells_which_suspect_a_process_died_over(tmp_path):
    path = tmp_path / "attempts"
    with AttemptLog(path) as attempts:
        attempts.begin(0)
        attempts.begin(1)
        assert not attempts.deaths
        left = path.read_bytes()
    assert not path.exists()

    path.write_bytes(left)
    with AttemptLog(path) as attempts:
        assert attempts.deaths == {1: 1}
        left = path.read_bytes()  # died before it began anything
    path.write_bytes(left + b"begin\n0\n1\n")
    with AttemptLog(path) as attempts:
        assert attempts.deaths == {1: 2}
    assert not path.exists()
