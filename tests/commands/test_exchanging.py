"""pacs to, to-elsewhere: where answers go."""


def destination(run):
    (found,) = [line for line in run("pacs", "status").lines if "destination" in line and "rule" not in line]
    return found


def test_a_destination_moves_and_keeps_its_proof_unless_another_is_named(run):
    assert run("migrate").status == 0
    assert run("pacs", "to", "PACS", "OLD@10.1.2.3:104", "--proof", "commitment").status == 0
    assert run("pacs", "to-elsewhere", "PACS", "NEW@10.1.2.4:105", "--tls").status == 0
    found = destination(run)
    assert (found["called"], found["host"], found["port"], found["tls"]) == ("NEW", "10.1.2.4", 105, True)
    assert found["proof"] == "commitment"
    assert run("pacs", "to-elsewhere", "PACS", "https://pacs.hospital/web", "--proof", "none").status == 0
    found = destination(run)
    assert (found["kind"], found["url"], found["proof"]) == ("stow", "https://pacs.hospital/web", "none")
    assert run("pacs", "to-elsewhere", "Other", "NEW@10.1.2.4:105").status == 1
