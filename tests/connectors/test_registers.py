"""The clients of the public registers against a server that answers like them, faults included; and what the house makes of it."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from app.connectors import registers
from app.connectors.registers import Unavailable, line
from app.connectors.registers.kept import Kept, only_kept
from app.connectors.registers.public import Addresses, PublicRegisters, question
from app.services import checks
from tests.registers import public_registers, register_server  # noqa: F401 - fixtures

SCENARIOS = {  # SIREN: open, in the RCS, categories standing
    "732829320": (True, True, {"COA", "COBSP", "CIF"}),
    "999000011": (True, True, {"COA", "CIF"}),
    "999000029": (False, True, set()),
    "999000037": (True, False, {"MIA", "MIOBSP"}),
    "999000052": (True, True, {"CIF"}),
    "999000060": (True, False, {"CIF"}),  # did not agree to be published
}


QUESTIONS = {
    "recherche-entreprises": lambda public: public.companies("PATRIMOINE"),
    "INSEE Sirene": lambda public: public.unpublished("999000060"),
    "INPI RNE": lambda public: public.registration("732829320"),
    "ORIAS": lambda public: public.intermediary("732829320"),
}


@pytest.mark.shared
@pytest.mark.parametrize("siren", SCENARIOS)
def test_each_register_answers_for_a_company(public, siren):
    is_open, in_rcs, standing = SCENARIOS[siren]
    company, entry, registration = public.company(siren), public.intermediary(siren), public.registration(siren)
    assert (company.siren, company.is_open) == (siren, is_open)
    assert registration.in_rcs is in_rcs
    assert entry.standing == standing
    assert len(entry.number) == 8
    if siren == "999000060":
        assert (company.name, company.register) == ("", "INSEE Sirene"), "the name is not for us"
    else:
        assert (company.street, company.postcode, company.city) == ("1 RUE DE LA PAIX", "75002", "PARIS")


@pytest.mark.shared
def test_who_is_in_no_register_is_not_there_and_that_is_an_answer(public):
    for unknown in ("999000086", "123456782"):
        assert public.company(unknown) is None
        assert public.registration(unknown) is None
        assert public.intermediary(unknown) is None
    assert public.companies("ab") == [], "too short for the register"
    assert [company.siren for company in public.companies("patrimoine")] == ["999000011"]
    assert public.intermediaries(["999000045", "732829320"])["999000045"] is None


@pytest.mark.shared
@pytest.mark.parametrize("fault", ["429", "500", "garbage", "redirect", "huge"])
@pytest.mark.parametrize("register", QUESTIONS)
def test_a_fault_is_silence_and_never_an_answer(public, server, monkeypatch, register, fault):
    monkeypatch.setattr(line, "LONGEST_WAIT", 0.2)
    server.post(f"/_fault/{fault}")
    began = time.monotonic()
    with pytest.raises(Unavailable, match=register):
        QUESTIONS[register](public)
    assert time.monotonic() - began < line.ALTOGETHER
    server.post("/_fault/none")
    assert QUESTIONS[register](public)


@pytest.mark.shared
def test_a_register_that_hangs_is_waited_for_only_so_long_and_no_address_but_its_own_is_asked(public, server, monkeypatch):
    public.recherche.client.timeout = httpx.Timeout(0.5)
    server.post("/_fault/hang")
    began = time.monotonic()
    with pytest.raises(Unavailable):
        public.companies("patrimoine")
    assert time.monotonic() - began < 3
    hosts = []
    public.recherche.client.event_hooks["request"].append(lambda request: hosts.append(request.url.host))
    for fault in ("redirect", "none"):
        server.post(f"/_fault/{fault}")
        try:
            public.companies("patrimoine")
        except Unavailable:
            assert fault == "redirect"
    print(f"\nrequests: {len(hosts)}, off the register's own address: {sum(host != '127.0.0.1' for host in hosts)}")
    assert set(hosts) == {"127.0.0.1"}


@pytest.mark.shared
def test_a_passing_refusal_is_asked_again_after_the_wait_it_names(public, server):
    answers = iter([httpx.Response(429, headers={"Retry-After": "1"}), httpx.Response(503), httpx.Response(200, json={"results": []})])
    times = []

    def answer(request: httpx.Request) -> httpx.Response:
        times.append(time.monotonic())
        return next(answers)

    asked = line.Line("recherche-entreprises", "http://register.example", transport=httpx.MockTransport(answer))
    assert asked.ask("GET", "/search", "json") == (200, b'{"results":[]}')
    assert times[1] - times[0] >= 1


def saying(told, media_type):
    return httpx.MockTransport(lambda request: httpx.Response(200, content=told, headers={"Content-Type": media_type}))


def test_requests_keep_to_the_pace_that_a_register_allows():
    asked = line.Line("r", "http://register.example", per_second=20, transport=httpx.MockTransport(lambda request: httpx.Response(200, json={})))
    began = time.monotonic()
    for _number in range(11):
        asked.ask("GET", "/", "json")
    assert 0.45 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    "told",
    [
        b"<a/>",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        b"<r><intermediary><informationBase><siren>111111111</siren><foundInRegistry>true</foundInRegistry></informationBase></intermediary></r>",
    ],
)
def test_an_answer_of_orias_that_does_not_speak_of_the_company_is_silence(told):
    public = PublicRegisters(Addresses("http://r.example", orias="http://orias.example", orias_user="house"))
    public.orias = line.Line("ORIAS", "http://orias.example", transport=saying(told, "text/xml"))
    with pytest.raises(Unavailable):
        public.intermediary("732829320")


@pytest.mark.parametrize("told", ["[]", "{}", '{"results": 3}', '{"results": [3]}', "{", "null"])
def test_an_answer_of_another_shape_is_silence(told):
    public = PublicRegisters(Addresses("http://r.example"))
    public.recherche = line.Line(
        "recherche-entreprises",
        "http://r.example",
        transport=saying(told, "application/json"),
    )
    with pytest.raises(Unavailable):
        public.companies("alpes")


def test_what_people_type_is_never_markup_in_a_question():
    assert b"<user>&lt;/user&gt;</user>" in question("</user>", ["732829320"])
    assert b"<siren>732829320</siren>" in question("house", ["732829320"])


def test_a_register_without_its_key_is_not_asked():
    public = PublicRegisters(Addresses("http://r.example"))
    for ask in (public.registration, public.intermediary):
        with pytest.raises(Unavailable):
            ask("732829320")


def test_an_answer_is_kept_for_a_minute_and_silence_too():
    class Counting(registers.LocalRegister):
        asked = 0

        def company(self, siren):
            self.asked += 1
            return super().company(siren)

    counting = Counting()
    kept = Kept(counting)
    for siren, number in (("732829320", 1), ("732829320", 1), ("999000078", 2), ("999000078", 2)):
        try:
            kept.company(siren)
        except Unavailable:
            assert siren == "999000078"
        assert counting.asked == number
    kept.forget("732829320")
    kept.company("732829320")
    assert counting.asked == 3
    with only_kept():
        assert kept.company("732829320").is_open
        with pytest.raises(Unavailable):
            kept.company("999000029")
    assert counting.asked == 3, "within a transaction nothing is asked"


def searched(**changed):
    unit = {"siren": "732829320", "nom_complet": "X", "etat_administratif": "A", "siege": {}} | changed
    return json.dumps({"results": [{key: value for key, value in unit.items() if value is not None}]})


def orias(*registrations, found="true", number="07004126"):
    told = "".join(f"<registration><categoryName>{category}</categoryName><status>{status}</status></registration>" for category, status in registrations)
    base = f"<informationBase><siren>732829320</siren><registrationNumber>{number}</registrationNumber><foundInRegistry>{found}</foundInRegistry></informationBase>"
    return f"<r><intermediary>{base}<registrations>{told}</registrations></intermediary></r>"


@pytest.mark.parametrize(
    ("register", "status", "told"),
    [
        ("recherche", 400, '{"erreur": "?"}'),
        ("recherche", 200, searched(etat_administratif=None)),
        ("recherche", 200, searched(etat_administratif="?")),
        ("recherche", 200, searched(siege="x")),
        ("sirene", 404, '{"message": "no Route matched"}'),
        ("sirene", 200, '{"uniteLegale": [1]}'),
        ("sirene", 200, '{"uniteLegale": {"siren": "732829320", "periodesUniteLegale": null}}'),
        ("rne", 404, '{"message": "no Route matched"}'),
        ("rne", 200, '{"siren": "111111111", "formality": {"content": {"formeExerciceActivitePrincipale": "COMMERCIALE"}}}'),
        ("rne", 200, '{"siren": "732829320", "formality": [1]}'),
        ("orias", 200, orias(("COA", "SUPPRIME"), ("COA", "INSCRIT"))),
        ("orias", 200, orias(("COA", "INSCRIT"), found="")),
        ("orias", 200, orias(("COA", "INSCRIT"), number="")),
    ],
)
def test_an_odd_answer_is_silence_and_neither_a_no_nor_a_pass(register, status, told):
    public = PublicRegisters(Addresses("http://r.example", "http://r.example", "key", "http://r.example", "house", "demo", "http://r.example", "house"))
    media_type = "text/xml" if register == "orias" else "application/json"

    def answer(request):
        if request.url.path.endswith("/login"):
            return httpx.Response(200, json={"token": "t"})
        return httpx.Response(status, content=told, headers={"Content-Type": media_type})

    for name in ("recherche", "sirene", "rne", "orias"):
        setattr(public, name, line.Line(name, "http://r.example", per_second=500, transport=httpx.MockTransport(answer)))
    ask = {"recherche": public.company, "sirene": public.unpublished, "rne": public.registration, "orias": public.intermediary}[register]
    with pytest.raises(Unavailable):
        ask("732829320")


def test_only_nine_digits_are_asked_about_with_the_houses_keys(house, monkeypatch):
    hosts = []
    public = PublicRegisters(Addresses("http://r.example", "http://r.example", "key", "http://r.example", "house", "demo"))
    for name in ("recherche", "sirene", "rne"):
        setattr(public, name, line.Line(name, "http://r.example", transport=httpx.MockTransport(lambda request: hosts.append(request.url))))
    monkeypatch.setattr(registers, "chosen", Kept(public))
    for typed in ("732829320/attachments?x=1", "../../siret", "", None, "1" * 2_000_000):
        checks.foresee(typed)
        for ask in (public.company, public.registration):
            with pytest.raises(Unavailable):
                ask(str(typed))
    assert hosts == []
    assert registers.chosen.answers == {}


def test_without_a_key_for_insee_a_company_that_the_open_register_keeps_is_not_called_unknown():
    public = PublicRegisters(Addresses("http://r.example"))
    public.recherche = line.Line("recherche-entreprises", "http://r.example", transport=saying('{"results": []}', "application/json"))
    with pytest.raises(Unavailable, match="INSEE"):
        public.company("999000060")
