"""Importing duty posts, on the real engines: what is stored, who is told, and what a bad file leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from tests.stack import ENVIRONMENT, PROJECT, Stack

HEADER = "jabatan,unit,nama,telepon,surel,pengganti"
LURAH = "Lurah,Panjer,I Made Suarta,0899-0000-0001,lurah.panjer@example.id,"
STAFF = "Staf Pengaduan,DLHK,Ni Luh Sari,+62 899 0000 0002,sari@example.id,"
HEAD = "Kepala Dinas,Dinas Lingkungan Hidup dan Kebersihan Kota Denpasar,I Ketut Rai,089900000003,rai@example.id,"
PANJER = "51.71.01.1004"


def sheet(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


@pytest.fixture
def city(stack: Stack) -> Any:
    from chalicelib import aws, cities

    # Tables are emptied before each test; topics outlive them, so their listeners are sent away here.
    sns = aws.client("sns")
    pages = list(sns.get_paginator("list_subscriptions").paginate())
    for each in (each for page in pages for each in page["Subscriptions"]):
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    return cities.load("denpasar")


def take_in(content: bytes, city: Any) -> Any:
    from chalicelib.usecases import posts
    from infra.posts import read

    return posts.install(read(content, city))


def holders(post: str) -> list[str]:
    """The names of who holds a post, in order."""
    from chalicelib.store import people

    return [people.officer(item).name for item, _ in people.holders([post])[post].officers]


def listeners() -> set[tuple[str, str, str]]:
    """Topic (without the prefix), protocol, endpoint of every subscription."""
    from chalicelib import aws
    from chalicelib.settings import settings

    pages = aws.client("sns").get_paginator("list_subscriptions").paginate()
    return {
        (each["TopicArn"].removeprefix(settings().topic_arn_prefix), each["Protocol"], each["Endpoint"])
        for page in pages
        for each in page["Subscriptions"]
    }


def stored() -> dict[str, tuple[str, bytes | None]]:
    from chalicelib.store.tables import PersonRow

    return {row.pk: (row.body, row.contact) for row in PersonRow.scan()}


def faults(content: bytes, city: Any) -> list[str]:
    from infra.posts import BadRoster, read

    with pytest.raises(BadRoster) as bad:
        read(content, city)
    return list(bad.value.faults)


def person(phone: str) -> str:
    from chalicelib import keys

    return keys.person_id(phone)


def test_people_are_found_by_the_words_a_clerk_would_write(city: Any) -> None:
    done = take_in(
        sheet(
            LURAH,
            STAFF,
            HEAD,
            "Camat,Kecamatan Denpasar Selatan,A A Rai,089900000004,camat@example.id,",
            "Perbekel,Desa Sidakarya,I Wayan Madra,089900000005,perbekel@example.id,",
            "Kepala Lingkungan,Serangan / Ponjok,I Nyoman Ponjok,089900000006,kaling@example.id,",
            "Kepala Bidang Persampahan,dlhk,Ni Made Ayu,089900000007,bidang@example.id,",
            "Triase,Diskominfos,Ni Ketut Pilah,089900000008,pilah@example.id,",
            "Sekretaris Daerah,,Ida Bagus Sekda,089900000009,sekda@example.id,",
            "Sekretaris Daerah,Setda,Ida Bagus Sekda,089900000009,sekda@example.id,",
            "Wali Kota,Kota,I Gusti Wali,089900000010,wali@example.id,",
        ),
        city,
    )
    assert (done.officers, done.posts, done.dismissed) == (10, 11, 0)
    for post, name in {
        f"village_head@{PANJER}": "I Made Suarta",
        "staff@dlhk": "Ni Luh Sari",
        "office_head@dlhk": "I Ketut Rai",
        "district_head@51.71.01": "A A Rai",
        "village_head@51.71.01.2007": "I Wayan Madra",
        "hamlet_head@51.71.01.1001/ponjok": "I Nyoman Ponjok",
        "division_head@dlhk": "Ni Made Ayu",
        "triage@diskominfos": "Ni Ketut Pilah",
        "secretary@city": "Ida Bagus Sekda",
        "office_head@setda": "Ida Bagus Sekda",
        "mayor@city": "I Gusti Wali",
    }.items():
        assert holders(post) == [name], post


def test_the_office_lane_has_those_who_work_there_and_nobody_who_is_told_in_person(city: Any) -> None:
    take_in(
        sheet(LURAH, STAFF, HEAD, "Kaling,Serangan/Ponjok,I Nyoman,089900000006,kaling@example.id,"), city
    )
    assert listeners() == {
        (f"office-{PANJER.replace('.', '-')}", "sms", "+6289900000001"),
        (f"office-{PANJER.replace('.', '-')}", "email", "lurah.panjer@example.id"),
        ("office-dlhk", "sms", "+6289900000002"),
        ("office-dlhk", "email", "sari@example.id"),
        (f"officer-{person('+6289900000001')}", "email", "lurah.panjer@example.id"),
        (f"officer-{person('+6289900000002')}", "email", "sari@example.id"),
        (f"officer-{person('+6289900000003')}", "email", "rai@example.id"),
        (f"officer-{person('+6289900000006')}", "email", "kaling@example.id"),
    }


def test_phones_and_mailboxes_are_sealed_and_open_for_their_person_only(city: Any) -> None:
    from chalicelib.store import people
    from chalicelib.usecases import sealing

    take_in(sheet(LURAH), city)
    rows = stored()
    assert "899" not in json.dumps([body for body, _ in rows.values()])
    found = people.registered(person("+6289900000001"))
    assert sealing.unseal(found.officer.id, found.contact) == {
        "phone": "+6289900000001",
        "email": "lurah.panjer@example.id",
        "name": "I Made Suarta",
    }
    assert b"899" not in found.contact


def test_the_same_file_twice_leaves_the_same_rows_and_the_same_listeners(city: Any) -> None:
    content = sheet(LURAH, STAFF, HEAD, "Kontak: Pecalang,Panjer,Banjar Kaja,,pecalang@example.id,")
    take_in(content, city)
    before, heard = stored(), listeners()
    done = take_in(content, city)
    assert stored() == before
    assert listeners() == heard
    assert done.dismissed == 0


def test_the_holder_comes_first_and_the_delegate_behind_wherever_the_rows_stand(city: Any) -> None:
    delegate = "Plh. Lurah,Panjer,Ni Putu Ganti,089900000011,ganti@example.id,ya"
    assert faults(sheet(delegate.replace("Plh.", "Mantan"), LURAH), city) == [
        "baris 2: Panjer: tidak ada jabatan 'Mantan Lurah' / line 2: Panjer has no post 'Mantan Lurah'"
    ]
    take_in(sheet(delegate, LURAH), city)  # who acts in a post is of that post
    assert holders(f"village_head@{PANJER}") == ["I Made Suarta", "Ni Putu Ganti"]


def test_a_new_lurah_takes_the_post_and_the_old_one_loses_rights_roads_and_sign_in(city: Any) -> None:
    from chalicelib.domain.errors import NotSignedIn
    from chalicelib.settings import utc_now
    from chalicelib.usecases import signin

    take_in(sheet(LURAH), city)
    old = signin.Who(signin.Kind.OFFICER, person("+6289900000001"))
    assert [duty.post for duty in signin.officer(old).duties] == [f"village_head@{PANJER}"]
    token = signin.token(old, now=utc_now())
    done = take_in(sheet("Lurah,Panjer,Ni Wayan Baru,089900000012,baru@example.id,"), city)
    assert done.dismissed == 1
    assert holders(f"village_head@{PANJER}") == ["Ni Wayan Baru"]
    with pytest.raises(NotSignedIn):
        signin.officer(signin.identify(token, now=utc_now() + timedelta(minutes=1)))
    assert {endpoint for _, _, endpoint in listeners()} == {"+6289900000012", "baru@example.id"}


def test_posts_that_the_file_does_not_name_stay_with_their_people(city: Any) -> None:
    take_in(sheet(LURAH, "Staf,Dishub,I Made Suarta,089900000001,lurah.panjer@example.id,"), city)
    take_in(sheet("Lurah,Panjer,Ni Wayan Baru,089900000012,baru@example.id,"), city)
    assert holders("staff@dishub") == ["I Made Suarta"]
    from chalicelib.store import people

    assert [duty.post for duty in people.officer(person("+6289900000001")).duties] == ["staff@dishub"]
    take_in(sheet("Staf,DLHK,I Made Suarta,089900000001,lurah.panjer@example.id,"), city)
    assert {duty.post for duty in people.officer(person("+6289900000001")).duties} == {
        "staff@dlhk",
        "staff@dishub",
    }


def test_a_mailbox_that_two_people_share_stays_when_one_of_them_leaves(city: Any) -> None:
    shared = "{},DLHK,{},{},dlhk@example.id,"
    take_in(
        sheet(shared.format("Staf", "Ani", "089900000021"), shared.format("Piket", "Budi", "089900000022")),
        city,
    )
    take_in(sheet("Staf,DLHK,Citra,089900000023,citra@example.id,"), city)
    heard = {(protocol, end) for topic, protocol, end in listeners() if topic == "office-dlhk"}
    assert heard == {
        ("sms", "+6289900000022"),
        ("email", "dlhk@example.id"),
        ("sms", "+6289900000023"),
        ("email", "citra@example.id"),
    }


def test_a_changed_mailbox_replaces_the_old_one_everywhere(city: Any) -> None:
    take_in(sheet(STAFF), city)
    take_in(sheet(STAFF.replace("sari@", "luh.sari@")), city)
    assert {end for _, protocol, end in listeners() if protocol == "email"} == {"luh.sari@example.id"}


def test_a_contact_reads_the_mails_of_its_village_and_may_do_nothing(city: Any) -> None:
    from chalicelib.store import people

    take_in(
        sheet(
            "Kontak: Kelian Banjar Kaja,Panjer,I Wayan Kelian,,kelian@example.id,",
            "Kontak Pecalang,Kel. Panjer,I Made Pecalang,089900000031,pecalang@example.id,",
        ),
        city,
    )
    topic = f"office-{PANJER.replace('.', '-')}"
    assert listeners() == {(topic, "email", "kelian@example.id"), (topic, "email", "pecalang@example.id")}
    kelian = people.officer(person("kelian@example.id"))
    assert (kelian.title, kelian.duties) == ("Kelian Banjar Kaja", ())

    take_in(sheet("Kontak Pecalang,Kel. Panjer,I Made Pecalang,089900000031,pecalang@example.id,"), city)
    assert listeners() == {(topic, "email", "pecalang@example.id")}


def test_all_faults_are_told_with_their_lines_and_nothing_is_stored(city: Any) -> None:
    found = faults(
        sheet(
            LURAH,
            "Lurah,Sidakarya,A,089900000041,a@example.id,",  # a desa has a perbekel
            "Kepala Dinas,Dinas Ajaib,B,089900000042,b@example.id,",
            "Staf,DLHK,,12345,bukan surel,mungkin",
            "Lurah,Panjer,C,089900000043,c@example.id,",
            "Staf,Dishub,Orang Lain,089900000001,lurah.panjer@example.id,",
            "Staf,PLN,D,089900000044,d@example.id,",  # outside the city
            "Triase,DLHK,E,089900000045,e@example.id,",  # triage is elsewhere
            "Kontak,Denpasar Selatan,F,,f@example.id,",  # a district is no village
            LURAH,
        ),
        city,
    )
    assert [fault.partition(":")[0] for fault in found] == [
        "baris 3",
        "baris 4",
        "baris 5",
        "baris 5",
        "baris 5",
        "baris 5",
        "baris 6",
        "baris 7",
        "baris 8",
        "baris 9",
        "baris 10",
        "baris 11",
    ]
    assert "sudah dipegang di baris 2" in found[6]
    assert all(" / line " in fault for fault in found)
    assert stored() == {}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "kolom tidak ada"),
        (b"nama;telepon\nA;1\n", "title, office, email"),
        (sheet(), "tidak ada baris"),
        (sheet(LURAH, header=HEADER + ",sepatu"), "'sepatu' tidak dikenal"),
        (sheet(LURAH).replace(b"Suarta", b"Suart\xff"), "baris 2: bukan UTF-8"),
        (sheet(LURAH + ",,,"), "kolom terlalu banyak"),
        (sheet("role@x,a,A,089900000001,a@example.id", header="post,unit,nama,telepon,surel"), "'role@x'"),
    ],
)
def test_what_is_no_such_table_is_told_plainly(content: bytes, word: str, city: Any) -> None:
    assert any(word in fault for fault in faults(content, city))


def test_a_spreadsheet_with_semicolons_and_a_byte_order_mark_is_read(city: Any) -> None:
    take_in("﻿".encode() + sheet(LURAH).replace(b",", b";"), city)
    assert holders(f"village_head@{PANJER}") == ["I Made Suarta"]


def test_a_stack_whose_topics_are_gone_gets_all_roads_again_but_not_those_of_the_dismissed(city: Any) -> None:
    from chalicelib import aws
    from chalicelib.usecases import posts

    take_in(sheet(LURAH, STAFF, "Kontak: Pecalang,Panjer,Banjar,,pecalang@example.id,"), city)
    take_in(sheet("Lurah,Panjer,Ni Wayan Baru,089900000012,baru@example.id,"), city)
    before = listeners()
    sns = aws.client("sns")
    for page in sns.get_paginator("list_subscriptions").paginate():
        for each in page["Subscriptions"]:
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    assert posts.reconnect() == 3
    assert listeners() == before


def test_an_office_without_a_listener_is_named_until_it_has_one(city: Any) -> None:
    from chalicelib.usecases import posts

    take_in(sheet(HEAD), city)
    assert "dlhk" in dict(posts.silent_offices())
    take_in(sheet(STAFF), city)
    assert "dlhk" not in dict(posts.silent_offices())


def test_the_command_stores_a_good_file_and_says_what_is_vacant(city: Any, tmp_path: Any) -> None:
    def run(content: bytes, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "posts.csv"
        file.write_bytes(content)
        return subprocess.run(
            [sys.executable, "-m", "infra.posts", str(file)],
            cwd=PROJECT,
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
        )

    # As `make run` leaves it: the settings stand in the data folder of the stack that runs.
    (tmp_path / "environment.json").write_text(json.dumps(ENVIRONMENT))
    good = run(sheet(LURAH), {"DATA_DIR": str(tmp_path)})
    assert good.returncode == 0, good.stderr
    assert "Tersimpan: 1 orang, 1 jabatan, 0 kontak" in good.stdout
    assert "village_head@51.71.01.1002" in good.stdout
    assert f"village_head@{PANJER}" not in good.stdout
    bad = run(sheet("Lurah,Antah,A,1,a,"), {"DATA_DIR": str(tmp_path)})
    assert bad.returncode == 1
    assert "kesalahan: 3" in bad.stderr
    lost = run(sheet(LURAH), {"DATA_DIR": str(tmp_path / "nowhere")})
    assert lost.returncode == 1
    assert "Layanan belum berjalan" in lost.stderr
