"""City profiles: each is complete and sound, each kind of fault is told, and no code knows a city by name."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from chalicelib import cities
from chalicelib.cities import BadProfile
from chalicelib.cities.profile import build
from chalicelib.cities.services import working_days
from chalicelib.domain.city import AREA_HEAD, City, Kind, LegalClass, PlaceNeed, Proof
from chalicelib.domain.clock import Span
from chalicelib.domain.geo import Point, pack_boundaries

Files = dict[str, dict[str, Any]]

ROOT = Path(__file__).parents[2]
DENPASAR = "denpasar"
TANGSEL = "tangerang-selatan"


@pytest.fixture(scope="module")
def pristine() -> bytes:
    return pickle.dumps(cities.read(DENPASAR))


@pytest.fixture
def files(pristine: bytes) -> Files:
    """Denpasar's files, to be spoiled."""
    copied: Files = pickle.loads(pristine)  # noqa: S301 - our own bytes; ten times faster than deepcopy
    return copied


def faults(files: Files, boundaries: bytes | None = None) -> tuple[str, ...]:
    with pytest.raises(BadProfile) as caught:
        build(DENPASAR, files, boundaries)
    return caught.value.faults


@pytest.fixture
def denpasar() -> City:
    return cities.load(DENPASAR)


class TestProfilesThatWeShip:
    @pytest.mark.parametrize("city_id", cities.available())
    def test_every_profile_loads_and_is_read_once(self, city_id: str) -> None:
        city = cities.load(city_id)
        assert city.id == city_id
        assert cities.load(city_id) is city

    def test_both_cities_are_there(self) -> None:
        assert cities.available() == (DENPASAR, TANGSEL)

    def test_an_unknown_city_is_named_with_those_there_are(self) -> None:
        with pytest.raises(BadProfile, match="there are denpasar, tangerang-selatan"):
            cities.load("../secrets")

    @pytest.mark.parametrize(
        ("city_id", "expected"),
        [
            (DENPASAR, {"kecamatan": 4, "kelurahan": 16, "desa": 27}),
            (TANGSEL, {"kecamatan": 7, "kelurahan": 54}),
        ],
    )
    def test_all_areas_are_there_and_each_is_an_office(self, city_id: str, expected: dict[str, int]) -> None:
        city = cities.load(city_id)
        assert Counter(area.kind for area in city.areas.values()) == expected
        assert city.areas.keys() <= city.offices.keys()
        assert len(city.villages) == sum(expected.values()) - expected["kecamatan"]

    def test_denpasar_has_its_offices_and_topics(self) -> None:
        city = cities.load(DENPASAR)
        own = [o for o in city.offices.values() if o.id not in city.areas and not o.outside]
        assert (
            len(own) == 29
        )  # of the 36 in the list of offices: 5 are outside, 2 are the districts and villages
        assert len(city.categories) >= 35
        assert {"pln", "bpjs-kesehatan", "polresta", "pupr-bali", "bpjn"} <= {
            o.id for o in city.offices.values() if o.outside
        }

    def test_heads_of_areas_bear_the_title_of_their_kind(self) -> None:
        city = cities.load(DENPASAR)
        panjer, sidakarya, selatan = (
            city.offices[code] for code in ("51.71.01.1004", "51.71.01.2007", "51.71.01")
        )
        assert (panjer.name, panjer.titles["village_head"], panjer.titles["hamlet_head"]) == (
            "Kantor Lurah Panjer",
            "Lurah",
            "Kepala Lingkungan",
        )
        assert (sidakarya.titles["village_head"], sidakarya.titles["hamlet_head"]) == (
            "Perbekel",
            "Kepala Dusun",
        )
        assert selatan.titles["district_head"] == "Camat"
        assert "mayor" not in selatan.titles

    @pytest.mark.parametrize("city_id", cities.available())
    def test_no_category_promises_more_time_than_its_legal_class_allows(self, city_id: str) -> None:
        city = cities.load(city_id)
        for category in city.categories.values():
            office = "office" if category.office == AREA_HEAD else city.offices[category.office].calendar
            days = working_days(category.level.resolution, city.calendars[office])
            assert 0 < days <= city.ceilings[category.legal_class].working_days, category.id

    @pytest.mark.parametrize("city_id", cities.available())
    def test_information_requests_have_their_own_office_and_clock_and_no_ladder(self, city_id: str) -> None:
        city = cities.load(city_id)
        (category,) = (c for c in city.categories.values() if Kind.INFORMATION in c.kinds)
        assert category.office == city.information_office
        assert str(category.level.resolution) == "10 working days"
        assert str(category.level.extension) == "7 working days"
        assert not category.level.ladder

    @pytest.mark.parametrize("city_id", cities.available())
    def test_what_concerns_a_persons_safety_or_rank_is_private_from_the_start(self, city_id: str) -> None:
        categories = cities.load(city_id).categories
        private = {"pelayanan_aparatur", "perempuan_anak", "kesehatan", "sosial", "tindak_pidana"}
        assert all(categories[name].sensitive for name in private)
        assert not categories["jalan_rusak"].sensitive

    @pytest.mark.parametrize("city_id", cities.available())
    def test_village_matters_go_to_the_villages_head_and_need_a_place(self, city_id: str) -> None:
        categories = cities.load(city_id).categories
        theirs = {c.id for c in categories.values() if c.office == AREA_HEAD}
        assert {"sampah_lingkungan", "jalan_lingkungan", "ketertiban_lingkungan"} <= theirs
        assert all(categories[name].place is PlaceNeed.REQUIRED for name in theirs)

    @pytest.mark.parametrize("city_id", cities.available())
    def test_a_complaint_against_an_office_never_ends_with_that_office(self, city_id: str) -> None:
        city = cities.load(city_id)
        for office in city.offices.values():
            taker = city.conflict.get(office.id, city.conflict.get(office.kind, city.conflict["office"]))
            assert taker != office.id
            assert taker == "parent" or taker in city.offices

    def test_who_judges_whom_in_denpasar(self) -> None:
        conflict = cities.load(DENPASAR).conflict
        assert conflict["kelurahan"] == "parent"  # lurah > camat
        assert conflict["desa"] == conflict["hamlet"] == conflict["office"] == "inspektorat"
        assert (conflict["inspektorat"], conflict["setda"], conflict["city"]) == (
            "setda",
            "ombudsman",
            "ombudsman",
        )

    @pytest.mark.parametrize("city_id", cities.available())
    def test_accusation_words_keep_clear_of_everyday_complaints(self, city_id: str) -> None:
        words = cities.load(city_id).accusation_words
        accuses = re.compile(r"\b(" + "|".join(map(re.escape, words)) + r")\b")
        for text in (
            "pohon miring mengancam atap rumah",
            "petugas belum datang",
            "air kecil sekali",
            "a corridor",
        ):
            assert not accuses.search(text), text
        for text in (
            "saya dipersulit di loket",
            "ada pungutan liar",
            "oknum minta uang",
            "asked for a bribe",
        ):
            assert accuses.search(text), text

    def test_places_and_people_of_the_hamlets_are_found_by_name(self) -> None:
        city = cities.load(DENPASAR)
        hamlet = city.hamlets["51.71.01.1004/kertasari"]
        assert (hamlet.name, hamlet.checked) == ("Kertasari", False)
        assert "banjar kertasari" in hamlet.landmarks


class TestQuiet:
    @pytest.mark.parametrize("city_id", cities.available())
    def test_every_city_is_quiet_at_night_and_awake_by_day(self, city_id: str) -> None:
        city = cities.load(city_id)
        midnight = datetime(2026, 11, 23, tzinfo=UTC) - city.utc_offset
        assert city.quiet.until(midnight) == midnight + timedelta(hours=6)
        assert city.quiet.until(midnight + timedelta(hours=12)) is None

    def test_denpasar_sends_nothing_on_nyepi_and_tangerang_selatan_does(self) -> None:
        noon = datetime(2026, 3, 19, 4, tzinfo=UTC)
        assert cities.load(DENPASAR).quiet.until(noon) == datetime(2026, 3, 19, 22, tzinfo=UTC)
        assert cities.load("tangerang-selatan").quiet.until(noon) is None


class TestCalendars:
    @pytest.mark.parametrize(
        ("first", "last"),
        [
            (
                date(2025, 3, 28),
                date(2025, 4, 7),
            ),  # Nyepi, Ngembak Geni, Idulfitri and joint leave: eleven days
            (date(2026, 3, 18), date(2026, 3, 24)),  # the same: seven days
            (
                date(2027, 3, 6),
                date(2027, 3, 15),
            ),  # weekend, Nyepi, Idulfitri, weekend, joint leave: ten days
        ],
    )
    def test_the_hard_weeks_hold_no_working_day(self, denpasar: City, first: date, last: date) -> None:
        office = denpasar.calendars["office"]
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        assert not any(office.is_working_day(day) for day in days)
        assert office.is_working_day(first - timedelta(days=1)) or first.weekday() == 5
        assert office.is_working_day(last + timedelta(days=1))

    def test_a_promise_before_the_hard_week_falls_after_it(self, denpasar: City) -> None:
        # Tue 17 March 2026, 14:00 WITA; the next working day is Wed 25 March, in no Ramadan any more: until 16:30.
        due = denpasar.calendars["office"].due(
            datetime(2026, 3, 17, 6, 0, tzinfo=UTC), Span.parse("1 working day")
        )
        assert due == datetime(2026, 3, 25, 8, 30, tzinfo=UTC)

    def test_nyepi_is_silent_from_six_to_six_but_for_emergencies(self, denpasar: City) -> None:
        begin, end = (
            datetime(2026, 3, 18, 22, 0, tzinfo=UTC),
            datetime(2026, 3, 19, 22, 0, tzinfo=UTC),
        )  # 06:00 WITA
        second = timedelta(seconds=1)
        for name in ("office", "shift"):
            calendar = denpasar.calendars[name]
            assert calendar.silent(begin - second) is None
            assert calendar.silent(begin) == calendar.silent(end - second) == end
            assert calendar.silent(end) is None
        assert denpasar.calendars["emergency"].silent(begin) is None
        assert denpasar.calendar_of("bpbd") is denpasar.calendars["emergency"]

    @pytest.mark.parametrize(
        ("day", "open_minutes"),
        [
            (date(2026, 11, 23), 480),  # a Monday
            (date(2026, 11, 27), 330),  # a Friday
            (date(2026, 11, 28), 0),  # a Saturday
            (date(2026, 2, 23), 390),  # a Monday of Ramadan
            (date(2026, 6, 17), 0),  # Galungan
            (date(2026, 6, 11), 480),  # Sugihan Jawa: no leave
            (date(2026, 5, 28), 0),  # joint leave for Iduladha
        ],
    )
    def test_open_hours_of_a_day_in_denpasar(self, denpasar: City, day: date, open_minutes: int) -> None:
        assert sum(end - start for start, end in denpasar.calendars["office"].hours(day)) == open_minutes

    def test_local_leave_stops_only_those_that_close(self, denpasar: City) -> None:
        galungan = date(2026, 6, 17)
        assert not denpasar.calendar_of("dlhk").is_working_day(galungan)
        assert denpasar.calendar_of("perumda-pasar").is_working_day(galungan)
        assert denpasar.calendar_of_post("duty@dlhk").is_working_day(galungan)
        assert not denpasar.calendar_of_post("division_head@dlhk").is_working_day(galungan)
        assert denpasar.calendar_of("rsud-wangaya").is_working_day(galungan)

    def test_in_denpasars_desa_the_camat_coordinates_and_in_its_kelurahan_not(self, denpasar: City) -> None:
        kinds = {area.kind for code, area in denpasar.villages.items() if denpasar.is_coordinated(code)}
        assert kinds == {"desa"}
        assert denpasar.village_affairs in denpasar.offices
        assert not any(map(cities.load(TANGSEL).is_coordinated, cities.load(TANGSEL).villages))

    def test_each_agency_outside_has_a_time_to_answer(self, denpasar: City) -> None:
        assert denpasar.offices["pln"].answers == Span.parse("3 working days")
        assert denpasar.offices["bpjn"].answers is None
        assert denpasar.referral == Span.parse("5 working days")

    def test_a_city_without_local_days_works_on_galungan_and_has_no_silence(self) -> None:
        office = cities.load(TANGSEL).calendars["office"]
        assert office.is_working_day(date(2026, 6, 17))
        assert office.silent(datetime(2026, 3, 19, 3, 0, tzinfo=UTC)) is None
        assert office.utc_offset == timedelta(hours=7)

    @pytest.mark.parametrize("city_id", cities.available())
    def test_a_normal_week_has_the_hours_of_the_decree(self, city_id: str) -> None:
        weekly = cities.load(city_id).calendars["office"].weekly
        assert sum(end - start for hours in weekly for start, end in hours) == 37.5 * 60

    def test_the_citys_switch_makes_a_balinese_day_a_working_day(self, files: Files) -> None:
        files["holidays.toml"]["local"]["2026-06-17"]["working"] = True
        assert build(DENPASAR, files).calendars["office"].is_working_day(date(2026, 6, 17))


def _set(path: str, value: Any) -> Callable[[Files], None]:
    """Put a value at ``file:key.key``; a list is entered by number. ``None`` takes the key out."""
    name, _, keys = path.partition(":")
    *way, last = keys.split("/")

    def spoil(files: Files) -> None:
        at: Any = files[f"{name}.toml"]
        for key in way:
            at = at[int(key)] if isinstance(at, list) else at[key]
        place: Any = int(last) if isinstance(at, list) else last
        if value is None:
            del at[place]
        elif callable(value):
            at[place] = value(at[place])
        else:
            at[place] = value

    return spoil


SPOILED = [
    # What is wrong, and what the fault must say.
    (_set("city:colour", "red"), r"city.toml: colour: unknown key"),
    (_set("offices:office/pupr/colour", "red"), r"offices.toml: office.pupr.colour: unknown key"),
    (_set("city:name", None), r"city.toml: name: is missing"),
    (_set("city:name", 7), r"city.toml: name: must be a text"),
    (_set("city:name", "  "), r"city.toml: name: '  ' is not a text"),
    (_set("city:code_prefix", "dps1"), r"code_prefix: 'dps1' is not three capitals"),
    (_set("city:since", "2026-13"), r"since: '2026-13' is not a month"),
    (_set("city:since", "2024-01"), r"holidays.toml: national: no day of 2024"),
    (_set("city:host", "https://x.id/"), r"host: .* is not a host name"),
    (_set("city:sender", "PRO DENPASAR PLUS"), r"sender: .* is not 3 to 11"),
    (_set("city:utc_offset", "8"), r"utc_offset: '8' is not an offset"),
    (_set("city:languages", ["id"]), r"languages: 'en' is missing"),
    (_set("city:languages", ["id", "en", "nl"]), r"categories.toml: category.sampah.nl: is missing"),
    (_set("city:screening_before_public", "yes"), r"screening_before_public: must be true or false"),
    (_set("city:triage_office", "kominfo"), r"triage_office: 'kominfo' is unknown"),
    (_set("city:triage_office", "pln"), r"triage_office: 'pln' is unknown"),
    (_set("city:default_category", "x"), r"default_category: 'x' is unknown"),
    (_set("city:verification", "soon"), r"verification: 'soon' is no span"),
    (_set("city:accusation_words", ["Pungli"]), r"accusation_words: 'Pungli' must be lower case"),
    (_set("city:accusation_words", ["suap", "suap"]), r"accusation_words: 'suap' stands twice"),
    # Titles and ladder: each rung has a title, each line its own posts in order.
    (_set("city:titles/boss", "Bos"), r"titles.boss: is no role"),
    (_set("city:titles/mayor", None), r"ladder.topic\[4\].role: mayor has no title in the city"),
    (
        _set("city:titles/village_head/desa", None),
        r"ladder.area\[1\].role: village_head has no title in desa",
    ),
    (_set("city:titles/office_head/rsud", None), r"office_head has no title in rsud-wangaya"),
    (_set("city:ladder/area", []), r"ladder.area: has no rung"),
    (_set("city:ladder/emergency", []), r"ladder.emergency: has no rung"),
    (_set("city:ladder/emergency/0/role", "office_head"), r"ladder.emergency: must begin with the duty post"),
    (_set("city:ladder/emergency/1/office", "pln"), r"ladder.emergency\[1\].office: 'pln' is unknown"),
    (
        _set("city:ladder/emergency/1/acknowledge", "4 working hours"),
        r"ladder.emergency\[1\].acknowledge: must be calendar time",
    ),
    (_set("city:emergency", None), r"emergency: is missing"),
    (_set("city:emergency/level", "quick"), r"emergency.level: must promise calendar time"),
    (_set("city:emergency/near_metres", 5000), r"emergency.near_metres: must be at most 600"),
    (_set("city:emergency/misuse", 0), r"emergency.misuse: must be a whole number"),
    (_set("city:emergency_number/general", None), r"emergency_number.general: is missing"),
    (_set("city:emergency_number/fire/office", "polresta"), r"emergency_number.fire.office: 'polresta' is"),
    (_set("city:emergency_number/police/refers_to", "dlhk"), r"emergency_number.police.refers_to: 'dlhk' is"),
    (
        _set("categories:category/kebakaran/level", "quick"),
        r"category.kebakaran.emergency: needs an office of its own and a level in calendar time",
    ),
    (
        _set("categories:category/sampah_lingkungan/sheltered", True),
        r"category.sampah_lingkungan.sheltered: passes every area head by",
    ),
    (
        _set("categories:category/tindak_pidana/question/0/dangers/entah", "police"),
        r"question\[0\].dangers.entah: is none of the question's values",
    ),
    (
        _set("categories:category/tindak_pidana/question/0/dangers/ya", "999"),
        r"question\[0\].dangers.ya: '999' is none of",
    ),
    (_set("city:ladder/area/0/role", "duty"), r"ladder.area\[0\].role: 'duty' is none of"),
    (_set("city:ladder/topic/0/role", "mayor"), r"ladder.topic\[1\].role: division_head stands above mayor"),
    (_set("city:ladder/topic/0/waits", "0 days"), r"ladder.topic\[0\].waits: '0 days' is no span"),
    (_set("city:ladder/topic/1/acknowledge", "soon"), r"ladder.topic\[1\].acknowledge: 'soon' is no span"),
    (_set("city:ladder/side", []), r"ladder.side: is none of area, topic"),
    # Windows, retention, price, numbers, conflict.
    (_set("city:windows/reopen", "10 working days"), r"windows.reopen: must be calendar time"),
    (_set("city:windows/edit", None), r"windows.edit: is missing"),
    (_set("city:windows/appeal", None), r"windows.appeal: is missing"),
    (_set("city:windows/referral_link", "14 working days"), r"windows.referral_link: must be calendar time"),
    (_set("city:windows/silence", "11 days"), r"windows.silence: is longer than reopen"),
    (_set("city:windows/who/rate", "anybody"), r"windows.who.rate: 'anybody' is none of reporter"),
    (_set("city:windows/who/appeal", None), r"windows.who.appeal: is missing"),
    (_set("city:windows/who/surprise", "reporter"), r"windows.who.surprise: unknown key"),
    (_set("city:windows/without_contact/appeal", "no"), r"without_contact.appeal: 'no' is none of link"),
    (_set("city:appeals/by", "duty"), r"appeals.by: 'duty' is none of"),
    (_set("city:appeals/within", None), r"appeals.within: is missing"),
    (_set("city:redo", None), r"redo: is missing"),
    (_set("city:windows/question", "5 days"), r"windows.question: must be working days"),
    (_set("city:windows/question", None), r"windows.question: is missing"),
    (_set("city:question/most", "2 working days"), r"question.most: is less than a single question may wait"),
    (_set("city:question/times", 0), r"question.times: must be a whole number, 1 or more"),
    (_set("city:question/surprise", 1), r"question.surprise"),
    (_set("city:quiet", None), r"quiet: is missing"),
    (_set("city:quiet/from", "9 pm"), r"quiet.from: '9 pm' is not a time of the day such as 21:00"),
    (_set("city:quiet/until", "24:00"), r"quiet.until: '24:00' is not a time of the day"),
    (_set("city:quiet/until", "21:00"), r"quiet: quiet hours: they end when they begin"),
    (
        _set("city:quiet/spread", "16 hours"),
        r"quiet: .* cannot be spread over 16:00:00: .* before the next night",
    ),
    (_set("city:quiet/spread", "1 working day"), r"quiet.spread: must be calendar time"),
    (_set("city:quiet/days", 2), r"quiet.days: unknown key"),
    (_set("city:retention_days/text", 0), r"retention_days.text: must be a whole number, 1 or more"),
    (_set("city:retention_days/text", True), r"retention_days.text: must be a whole number"),
    (_set("city:retention_days/photo", None), r"retention_days.photo: is missing"),
    (_set("city:sms_price/as_of", "lately"), r"sms_price.as_of: 'lately' is not a date"),
    (_set("city:emergency_number/fire/number", "one"), r"emergency_number.fire.number: 'one' is not digits"),
    (_set("city:emergency_number/fire/en", None), r"emergency_number.fire.en: is missing"),
    (_set("city:conflict/desa", "kpk"), r"conflict.desa: there is no office kpk"),
    (_set("city:conflict/dians", "setda"), r"conflict.dians: is no office"),
    (_set("city:conflict/dinas", "parent"), r"conflict.dinas: only a village has a parent"),
    (_set("city:conflict/inspektorat", None), r"conflict.inspektorat: would take the cases about itself"),
    (_set("city:conflict/office", None), r"conflict.office: is missing"),
    (_set("city:conflict/hamlet", None), r"conflict.hamlet: is missing"),
    (_set("city:neighbour/1/name", "Kabupaten Badung (Kuta)"), r"neighbour\[1\].name: .* stands twice"),
    (_set("city:neighbour/0/lat", -95), r"neighbour\[0\].lat: latitude must lie"),
    # Areas.
    (_set("areas:village/1/code", "51.71.01.1001"), r"village\[1\].code: 51.71.01.1001 stands twice"),
    (
        _set("areas:village/1/code", "51.71.02.1002"),
        r"village\[1\].code: 51.71.02.1002 does not lie under 51.71.01",
    ),
    (_set("areas:village/1/district", "51.71.09"), r"village\[1\].district: '51.71.09' is none of"),
    (_set("areas:village/1/kind", "nagari"), r"area_office.nagari: is missing"),
    (_set("areas:village/1/postal_code", "8022"), r"village\[1\].postal_code: '8022' is not five digits"),
    (_set("areas:village/1/name", "Serangan"), r"'Serangan' stands 2 times in 51.71.01"),
    (_set("areas:village/1/lat", -6.2), r"village\[1\].lat: 51.71.01.1002 lies outside the city's box"),
    (_set("areas:village/1/area_km2", 0), r"village\[1\].area_km2: 0.0 km2 is not the size"),
    (_set("areas:village", []), r"village: there is none in district 51.71.01"),
    (_set("areas:district", []), r"district: there is none"),
    (_set("areas:box/north", -9), r"box.north: a box runs from south-west to north-east"),
    (_set("areas:hamlet/0/village", "51.71.01"), r"hamlet\[0\].village: there is no village 51.71.01"),
    (_set("areas:hamlet/1/name", "Kaja Panjer"), r"hamlet\[1\].name: 51.71.01.1004/kaja-panjer stands twice"),
    # Offices.
    (_set("offices:office/pupr/calendar", "night"), r"office.pupr.calendar: 'night' is none of"),
    (_set("offices:office/pupr/handles/en", None), r"office.pupr.handles.en: is missing"),
    (_set("offices:office/pupr/short", "DLHK"), r"office.pupr.short: is the same as that of dlhk"),
    (_set("offices:office/pupr", "x"), r"office.pupr: must be a table"),
    # Routing rules.
    (_set("categories:route/0/office", "pln"), r"route\[0\].office: 'pln' is unknown"),
    (_set("categories:route/0/why", None), r"route\[0\].why: is missing"),
    (_set("categories:route/0/when/category", ["hewan"]), r"route\[0\].when.category: 'hewan' is unknown"),
    (_set("categories:route/0/when/weekday", ["senin"]), r"when.weekday: 'senin' is unknown"),
    (_set("categories:route/0/when/area", ["51.72"]), r"when.area: '51.72' is unknown"),
    (_set("categories:route/0/when/from", "18:00"), r"when.until: is missing"),
    (_set("categories:route/0/when/answers/tergigit", ["mungkin"]), r"tergigit: 'mungkin' is unknown"),
    (
        _set("categories:route/0/when/answers/umur", ["1"]),
        r"answers.umur: is no question of these categories",
    ),
    (
        _set("categories:route/0/when/answers/tergigit", {"at_least": 1}),
        r"answers.tergigit: is no number",
    ),
    (_set("categories:route/0/when/answers/tergigit", {}), r"says neither at_least nor at_most"),
    # What goes outside, and beginnings of answers.
    (_set("offices:office/pln/email", "pln"), r"office.pln.email: 'pln' is not an e-mail address"),
    (_set("offices:office/pupr/email", "a@b.id"), r"office.pupr.email: unknown key"),
    (_set("city:windows/referral_link", None), r"windows.referral_link: is missing"),
    (_set("city:road/0/owner", "pupr"), r"road\[0\].owner: 'pupr' is none of"),
    (
        _set("city:road/1/aliases", ["by pass sanur"]),
        r"road\[1\]: 'by pass sanur' names Bypass Ngurah Rai already",
    ),
    (_set("city:road_categories", ["jalanan"]), r"road_categories: there is no category 'jalanan'"),
    (_set("city:reply/0/act", "reject"), r"reply\[0\].act: 'reject' is none of"),
    (_set("city:reply/0/states", ["closed"]), r"reply\[0\].states: 'closed' is no state of an open case"),
    (_set("city:reply/0/categories", ["debu"]), r"reply\[0\].categories: there is no category 'debu'"),
    (_set("city:reply/1/name", "akan_dicek"), r"reply\[1\].name: 'akan_dicek' stands twice"),
    (
        _set("city:reply/0/text/en", "{text}"),
        r"reply\[0\].text.en: may fill in area, category, code, due, office",
    ),
    (_set("city:reply/0/text/en", "{code"), r"reply\[0\].text.en: its braces do not pair"),
    (_set("city:reply/0/text/en", "a" * 701), r"reply\[0\].text.en: is longer than 700 letters"),
    # Categories, levels, ceilings.
    (
        _set("categories:category/sampah/office", "kebersihan"),
        r"category.sampah.office: 'kebersihan' is unknown",
    ),
    (_set("categories:category/sampah/office", "pln"), r"category.sampah.office: 'pln' is unknown"),
    (_set("categories:category/listrik/refers_to", "dlhk"), r"category.listrik.refers_to: 'dlhk' is none of"),
    (_set("categories:category/sampah/group", "bau"), r"category.sampah.group: 'bau' is none of"),
    (_set("categories:category/sampah/level", "slow"), r"category.sampah.level: 'slow' is none of"),
    (_set("categories:category/sampah/place", "maybe"), r"category.sampah.place: 'maybe' is none of"),
    (_set("categories:category/sampah/kinds", ["praise"]), r"category.sampah.kinds: 'praise' is none of"),
    (_set("categories:category/sampah/en", None), r"category.sampah.en: is missing"),
    (_set("categories:category/sampah/pin", "roof"), r"category.sampah.pin: 'roof' is none of"),
    (_set("categories:category/sampah/emergency", "999"), r"category.sampah.emergency: '999' is none of"),
    (
        _set("categories:category/sampah_lingkungan/place", "none"),
        r"sampah_lingkungan.place: must be required",
    ),
    (_set("categories:category/informasi_publik", None), r"category: none takes a information"),
    (
        _set("categories:level/ppid/ladder", True),
        r"informasi_publik.kinds: information requests .* no ladder",
    ),
    (
        _set("categories:level/works/resolution", "15 working days"),
        r"jalan_rusak.level: works takes up to 15 .* of 14",
    ),
    (
        _set("categories:level/works/resolution", "90 working hours"),
        r"works takes up to 16.3636 .* ceiling of 14",
    ),
    (_set("categories:level/ppid/extension", "8 working days"), r"ppid takes up to 18 .* ceiling of 17"),
    (
        _set("city:ceiling/aspirasi/working_days", 4),
        r"category.usul.level: idea takes up to 5 .* ceiling of 4",
    ),
    (_set("city:ceiling/aspirasi", None), r"ceiling.aspirasi: is missing"),
    (_set("city:ceiling/gugatan", {}), r"ceiling.gugatan: is no legal class"),
    (_set("categories:level/quick/first_reply", "4 working days"), r"quick promises the first reply later"),
    (
        _set("categories:level/slow", {"first_reply": "1 day", "resolution": "2 days"}),
        r"level.slow: no category uses",
    ),
    (_set("categories:group/lain", {"id": "Lain", "en": "Else"}), r"group.lain: no category is in it"),
    (
        _set("categories:category/lampu_jalan/question/0/datatype", "list"),
        r"question\[0\].datatype: 'list' is none",
    ),
    (
        _set("categories:category/lampu_jalan/question/0/datatype", "multivaluelist"),
        r"question\[0\].values: a multiv",
    ),
    (
        _set("categories:category/lampu_jalan/question/0/id", "keadaan"),
        r"lampu_jalan.question: two have the same id",
    ),
    (
        _set("categories:category/trotoar/keywords/id", ["sampah"]),
        r"'sampah' is in trotoar, sampah, of different",
    ),
    (
        _set("categories:shared_keywords", ["trotoar", "tiang miring"]),
        r"shared_keywords: 'trotoar' is not shared",
    ),
    (_set("categories:shared_keywords", None), r"keywords: 'tiang miring' is in lampu_jalan, kabel_utilitas"),
    # Calendars and holidays.
    (_set("city:calendar/office/monday", "7.30-16.30"), r"calendar.office.monday: must be stretches"),
    (_set("city:calendar/office/monday", "16:30-07:30"), r"calendar.office: calendar: Monday: 990 to 450"),
    (
        _set("city:calendar/office/closes_on", ["full_moon"]),
        r"calendar.office.closes_on: 'full_moon' is none of",
    ),
    (
        _set("city:calendar/shift/monday", "07:00-12:00"),
        r"calendar.shift.always_open: a calendar that is always open",
    ),
    (_set("city:post_calendar", {"mayor": "night"}), r"post_calendar.mayor: 'night' is none of"),
    (_set("city:post_calendar", {"duty": "shift"}), r"post_calendar.duty: is none of mayor, secretary"),
    (
        _set("offices:office/dlhk/post_calendar", {"mayor": "shift"}),
        r"office.dlhk.post_calendar.mayor: is none of",
    ),
    (
        _set("city:area_office/desa/post_calendar", {"hamlet_head": "night"}),
        r"area_office.desa.post_calendar.hamlet_head: 'night' is none of",
    ),
    # Hand-over, referral, who may promise longer, who coordinates.
    (_set("city:referral", None), r"city.toml: referral: is missing"),
    (_set("offices:office/pln/answers", "soon"), r"office.pln.answers: 'soon' is no span"),
    (_set("offices:office/dlhk/answers", "2 days"), r"office.dlhk.answers: unknown key"),
    (_set("city:longer_by", ["mayor"]), r"longer_by: 'mayor' is none of triage, division_head, office_head"),
    (_set("city:village_affairs", None), r"village_affairs: is missing"),
    (_set("city:village_affairs", "pln"), r"village_affairs: 'pln' is unknown"),
    (
        _set("city:ladder/area/2/coordinates_in", ["kota"]),
        r"area\[2\].coordinates_in: no village is a 'kota'",
    ),
    (_set("city:ladder/area/3/coordinates_in", ["desa"]), r"area\[3\].coordinates_in: secretary has nobody"),
    (
        _set("holidays:joint_leave/2026-03-19", "Nyepi"),
        r"joint_leave.2026-03-19: is a national holiday already",
    ),
    (_set("holidays:national/19-03-2026", "Nyepi"), r"national.19-03-2026: is no date"),
    (_set("holidays:national/2026-03-19", ""), r"national.2026-03-19: is empty"),
    (_set("holidays:local/2026-06-17/working", None), r"local.2026-06-17.working: is missing"),
    (_set("holidays:silence/1/until", "2026-03-18T06:00"), r"silence\[1\].until: is not after from"),
    (_set("holidays:silence/1/until", "2026-03-20T06:00+08:00"), r"silence\[1\].until: .* without an offset"),
    (_set("holidays:season/1/from", "2026-04-19"), r"season\[1\].until: must be from's day or later"),
    (_set("holidays:season/1/from", "2025-03-30"), r"season\[1\].from: 2025-03-30 lies in two seasons"),
    (_set("holidays:season/1/calendar", "night"), r"season\[1\].calendar: 'night' is none of"),
    # Messages: the exact placeholders.
    (_set("messages.id:office_new/sms", "Aduan {code}"), r"messages.id.toml: office_new.sms: lacks \{link\}"),
    (
        _set("messages.id:sign_in/sms", lambda text: text + "{name}"),
        r"sign_in.sms: has \{name\}, which nobody fills in",
    ),
    (_set("messages.en:sign_in/sms", lambda text: text + "{"), r"sign_in.sms: its braces do not pair"),
    (
        _set("messages.en:sign_in/sms", lambda text: text.replace("{digits}", "{digits:>9}")),
        r"a name in braces and",
    ),
    (
        _set("messages.en:sign_in/sms", lambda text: text + "😀"),
        r"sign_in.sms: holds a letter that is not GSM-7",
    ),
    (_set("messages.en:sign_in", None), r"messages.en.toml: sign_in.sms: is missing"),
    (_set("messages.en:farewell", {"sms": "Bye"}), r"messages.en.toml: farewell.sms: is no template"),
]


class TestFaults:
    @pytest.mark.parametrize(("spoil", "told"), SPOILED, ids=[told for _, told in SPOILED])
    def test_each_kind_of_fault_is_told_with_its_file_and_key(
        self, files: Files, spoil: Callable[[Files], None], told: str
    ) -> None:
        spoil(files)
        found = faults(files)
        assert any(re.search(told, fault) for fault in found), found
        assert all(re.match(r"[\w.-]+\.(toml|json): ", fault) for fault in found)

    def test_all_faults_are_told_at_once(self, files: Files) -> None:
        wanted = [
            (_set("city:host", "x"), "city.toml: host"),
            (_set("areas:village/0/postal_code", "1"), "areas.toml: village[0].postal_code"),
            (_set("offices:office/pupr/name", None), "offices.toml: office.pupr.name"),
            (_set("categories:category/sampah/office", "x"), "categories.toml: category.sampah.office"),
            (_set("holidays:national/2026-02-30", "x"), "holidays.toml: national.2026-02-30"),
            (_set("messages.id:sign_in/sms", "x"), "messages.id.toml: sign_in.sms"),
            (_set("city:colour", "red"), "city.toml: colour"),
        ]
        for spoil, _ in wanted:
            spoil(files)
        text = "\n".join(faults(files))
        for _, told in wanted:
            assert told in text

    def test_no_spoiled_value_breaks_the_check_itself(self, files: Files) -> None:
        """One key of each shape, taken out or of a wrong type: the answer is a list of faults or a city."""
        files = _small(files)
        assert len(_shapes(files)) > 150
        for path, other in zip(_shapes(files), cycle(([], {}, -1, "?", 10**400, True, [{}])), strict=False):
            for wrong in (None, other):
                with suppress(BadProfile):
                    build(DENPASAR, _with(files, path, wrong))

    def test_empty_files_are_a_list_of_faults_too(self) -> None:
        assert len(faults({})) > 20

    def test_boundaries_of_other_villages_are_a_fault(self, files: Files) -> None:
        square = [(115.2, -8.7), (115.3, -8.7), (115.3, -8.6), (115.2, -8.6)]
        (fault,) = faults(files, pack_boundaries({"51.71.01.9999": [square]}))
        assert fault.startswith("boundaries.json: holds other villages")

    def test_damaged_boundaries_are_a_fault(self, files: Files) -> None:
        (fault,) = faults(files, b"[]")
        assert fault.startswith("boundaries.json: not installed boundaries")

    def test_installed_boundaries_make_the_answer_exact(self, files: Files) -> None:
        codes = [village["code"] for village in files["areas.toml"]["village"]]
        squares = {
            code: [
                [
                    (115.17, -8.6 - n / 500),
                    (115.27, -8.6 - n / 500),
                    (115.27, -8.602 - n / 500),
                    (115.17, -8.602 - n / 500),
                ]
            ]
            for n, code in enumerate(codes)
        }
        city = build(DENPASAR, files, pack_boundaries(squares))
        assert not city.geography.approximate
        assert city.geography.locate(Point(-8.601, 115.2)).area == codes[0]


def _small(files: Files) -> Files:
    """The files with few entries of a kind: enough to hold each key, few enough to be built hundreds of times."""
    kept = {"lampu_jalan", "informasi_publik", "listrik", "sampah_lingkungan", "lainnya", "tindak_pidana"}
    areas, categories, offices = (files[f"{name}.toml"] for name in ("areas", "categories", "offices"))
    return {
        **files,
        "areas.toml": {key: value[:3] if isinstance(value, list) else value for key, value in areas.items()},
        "categories.toml": {**categories, "category": {k: categories["category"][k] for k in kept}},
        "offices.toml": {"office": {k: offices["office"][k] for k in ("diskominfos", "pln", "dlhk", "bpbd")}},
    }


def _shapes(files: Files) -> list[tuple[Any, ...]]:
    """A path to one value of each shape: names in tables of tables and places in lists count as one."""
    seen: dict[str, tuple[Any, ...]] = {}

    def walk(at: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        pairs: Any = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
        for key, value in pairs:
            yield (*path, key)
            yield from walk(value, (*path, key))

    many = {"office", "category", "level", "group", "calendar", "emergency_number", "ceiling", "area_office"}
    for path in walk(files, ()):
        if path[0].startswith("messages.") and path[1:] and path[1] != "sign_in":
            continue
        generic = [
            "*"
            if isinstance(key, int) or (place and path[place - 1] in many) or re.match(r"20\d\d-", key)
            else key
            for place, key in enumerate(path)
        ]
        seen.setdefault("/".join(generic), path)
    return [path for path in seen.values() if not isinstance(path[-1], int) or len(path) < 4]


def _with(files: Files, path: tuple[Any, ...], wrong: Any) -> Files:
    """A copy of the files along one path, the rest shared."""
    copied: Any = dict(files)
    at = copied
    for key in path[:-1]:
        at[key] = list(at[key]) if isinstance(at[key], list) else dict(at[key])
        at = at[key]
    if wrong is None:
        del at[path[-1]]
    else:
        at[path[-1]] = wrong
    return copied


def test_no_code_knows_a_city_by_its_name() -> None:
    """A city is data: neither its id nor its name stands in any program that is deployed."""
    product = re.compile(r"pro-?denpasar-?plus", re.IGNORECASE)
    names = re.compile(r"denpasar|tangerang|tangsel|\bbali\b", re.IGNORECASE)
    sources = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
    told = []
    for path in sources:
        if not path.is_file():
            continue
        for number, line in enumerate(_code_lines(path.read_text()), 1):
            if names.search(product.sub("", line)):
                told.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert len(sources) > 5
    assert not told, "\n".join(told)


def _code_lines(source: str) -> list[str]:
    """The lines of a program without comments and docstrings, which may name a city as an example."""
    bare = re.sub(r'"""(?s:.*?)"""', lambda text: "\n" * text[0].count("\n"), source)
    return [re.sub(r"(^|\s)#.*", "", line) for line in bare.splitlines()]


def test_every_legal_class_of_the_profiles_names_its_source() -> None:
    for city_id in cities.available():
        ceilings = cities.load(city_id).ceilings
        assert ceilings.keys() == {*LegalClass}
        assert all(ceiling.source for ceiling in ceilings.values())


class TestWhatProvesAFix:
    def test_a_category_with_a_second_person_names_its_proof_and_each_city_demands_a_photo_of_some(
        self, files: Files
    ) -> None:
        categories = files["categories.toml"]["category"]
        categories["lubang_terbuka"]["proof"] = "written"
        found = build(DENPASAR, files).categories
        assert [found[i].proof for i in ("lubang_terbuka", "jalan_rusak")] == [Proof.WRITTEN, Proof.EITHER]
        for city_id in cities.available():
            assert Proof.PHOTO in {each.proof for each in cities.load(city_id).categories.values()}

    def test_one_that_is_none_and_one_that_nobody_approves_upon_are_named(self, files: Files) -> None:
        categories = files["categories.toml"]["category"]
        categories["lubang_terbuka"]["proof"] = "video"
        categories["jalan_rusak"]["proof"] = "photo"
        assert sorted(fault.split(": ")[1] for fault in faults(files)) == [
            "category.jalan_rusak.proof",
            "category.lubang_terbuka.proof",
        ]


class TestWhatIsOfferedNearby:
    def test_each_group_says_its_radius_and_no_other_and_none_is_beyond_250_metres(
        self, files: Files
    ) -> None:
        radii = files["categories.toml"]["duplicate_radius"]
        del radii["jalan"]
        radii |= {"pesisir": 10, "umum": 251, "ketertiban": -1}
        found = [fault for fault in faults(files) if "duplicate_radius" in fault]
        assert len(found) == 4
        for key in ("jalan", "pesisir", "umum", "ketertiban"):
            assert any(f"duplicate_radius.{key}:" in fault for fault in found), key

    def test_a_category_may_have_its_own_but_not_where_it_may_not_be_offered(self, files: Files) -> None:
        categories = files["categories.toml"]["category"]
        categories["jalan_rusak"]["duplicate_radius"] = 30
        assert build(DENPASAR, files).categories["jalan_rusak"].duplicate_radius == 30
        categories["air_bersih"]["duplicate_radius"] = 30
        (fault,) = faults(files)
        assert "category.air_bersih.duplicate_radius" in fault
