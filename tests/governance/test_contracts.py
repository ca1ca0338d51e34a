"""Contracts that cannot be read: one clear error each, with file, line, what is allowed and what to do."""

from __future__ import annotations

import re
import time

import pytest

from fourwalls.errors import ContractError
from fourwalls.governance import yaml_files
from fourwalls.governance.contracts import VERSIONS, read_contract, read_contracts

from .written import HEAD, contract

SLA = "slaProperties:\n  - property: latency\n    value: 2\n    unit: h\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
DEEP = "x: " + "[" * 3000 + "]" * 3000


def refusal(tmp_path, text):
    path = tmp_path / "contracts" / "orders.odcs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ContractError) as error:
        read_contract(path)
    assert "contracts/orders.odcs.yaml" in error.value.what
    assert str(tmp_path) not in str(error.value)
    assert error.value.remedy
    return error.value.what


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: [1, 2\nversion: x", r"line \d: no YAML"),
        ("id: a\n\tversion: b", r"line 2: no YAML"),
        ("id: \x00", "no YAML"),
        (b"id: \xff\xfe", "no UTF-8"),
        ("", "found nothing"),
        ("# nothing\n", "found nothing"),
        (HEAD.format(id="a") + "---\n" + HEAD.format(id="b"), "found 2 documents"),
        ("just text", "must be a mapping"),
        ("- a\n- b", "must be a mapping"),
        (HEAD.format(id="a") + BOMB, "once its aliases are written out; allowed: 50,000"),
        (HEAD.format(id="a") + "tags: &t [*t]", "line 6: an anchor refers to itself|line 6: no YAML"),
        (HEAD.format(id="a") + DEEP, "nested deeper"),
        (HEAD.format(id="a") + "id: b", "line 6: 'id' stands twice"),
        (HEAD.format(id="a") + "name: !!python/object/apply:os.system ['true']", "line 6: has the tag 'tag:yaml.org,2002:python"),
        (HEAD.format(id="a") + "name: !mine x", "line 6: has the tag '!mine'"),
        (HEAD.format(id="a") + "? [a, b]\n: c", "line 6: a key must be text"),
        (HEAD.format(id="a").replace("v3.1.0", "v9.0.0"), "line 1: apiVersion is 'v9.0.0'; allowed: 'v3.0.0'"),
        (HEAD.format(id="a").replace("v3.1.0", "v2.2.2"), "apiVersion is 'v2.2.2'"),
        (HEAD.format(id="a").replace("v3.1.0", "3.1"), "apiVersion is '3.1'"),
        ("kind: DataContract\nid: a\nversion: b", "says no apiVersion"),
        ("dataContractSpecification: 1.1.0\nid: a", "line 1: follows the Data Contract Specification"),
        (HEAD.format(id="a").replace('"1.0"', "1.0"), r"line 4: 'version': 1.0 is not of type 'string'"),
        ("apiVersion: v3.1.0\nkind: DataContract\nversion: '1'\n", "'id' is a required property"),
        (HEAD.format(id="a") + "owner: me", "'owner' was unexpected|Unevaluated properties"),
        (HEAD.format(id="a") + "slaProperties:\n  - value: 2", r"line 7: 'slaProperties\[0\]': 'property' is a required"),
        (HEAD.format(id="a") + "slaProperties: 2", "line 6: 'slaProperties': 2 is not of type 'array'"),
        (HEAD.format(id="a") + "schema:\n  - name: t\n    properties:\n      - {name: a, logicalType: nonsense}", "line 9"),
        (
            HEAD.format(id="a") + "customProperties:\n  - {id: x, property: a, value: 1}\n  - {id: x, property: b, value: 2}",
            r"line 8: 'customProperties': id 'x' stands twice",
        ),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_told(tmp_path, text, says):
    assert re.search(says, refusal(tmp_path, text)), refusal(tmp_path, text)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path):
    """Twelve levels of ten aliases would be 10^12 values."""
    begun = time.process_time()
    refusal(tmp_path, HEAD.format(id="a") + BOMB)
    assert time.process_time() - begun < 5


def test_a_merged_bomb_is_refused(tmp_path):
    merged = "m0: &m0 {a: 1}\n" + "".join(
        f"m{i}: &m{i} {{b: {{<<: *m{i - 1}}}, c: {{<<: *m{i - 1}}}}}\n" for i in range(1, 30)
    )
    assert "aliases" in refusal(tmp_path, HEAD.format(id="a") + merged)


def test_a_huge_file_is_not_even_read(tmp_path):
    assert "allowed: 1,048,576" in refusal(tmp_path, b"#" * (yaml_files.MOST_BYTES + 1))


def test_two_contracts_of_one_id(tmp_path):
    contract(tmp_path / "contracts", name="a", head=HEAD.format(id="same"))
    contract(tmp_path / "contracts", name="b", head=HEAD.format(id="same"))
    with pytest.raises(ContractError, match=r"b.odcs.yaml, line 3: id 'same' is that of a.odcs.yaml, line 3"):
        read_contracts(tmp_path)


@pytest.mark.parametrize("name", ["orders.json", "inner"])
def test_only_yaml_lies_there(tmp_path, name):
    contract(tmp_path / "contracts")
    if name == "inner":
        (tmp_path / "contracts" / name).mkdir()
    else:
        (tmp_path / "contracts" / name).write_text("{}")
    with pytest.raises(ContractError, match="read are files ending in"):
        read_contracts(tmp_path)


def test_a_link_that_leads_out(tmp_path):
    contract(tmp_path / "elsewhere")
    (tmp_path / "in" / "contracts").mkdir(parents=True)
    (tmp_path / "in" / "contracts" / "orders.odcs.yaml").symlink_to(tmp_path / "elsewhere" / "orders.odcs.yaml")
    with pytest.raises(ContractError, match="leads out"):
        read_contracts(tmp_path / "in")


def test_no_folder_and_an_empty_one_say_nothing(tmp_path):
    assert read_contracts(tmp_path) is None
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "README.md").write_text("what lies here")
    assert read_contracts(tmp_path) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_the_third_standard_is_read(tmp_path, version):
    found = contract(tmp_path, SLA, head=HEAD.format(id="orders").replace("v3.1.0", version))
    assert found.list_of("slaProperties") == [{"property": "latency", "value": 2, "unit": "h"}]
    assert found.at("slaProperties", 0) == "orders.odcs.yaml, line 7"


def test_scalars_are_read_as_people_mean_them(tmp_path):
    """PyYAML's own rules would give 36,000, False and a date."""
    body = "customProperties:\n" + "".join(
        f"  - {{property: p{i}, value: {v}}}\n"
        for i, v in enumerate(["10:00:00", "no", "2025-01-01", "007", "1e3", '"5"', "~", "true"])
    )
    values = [p["value"] for p in contract(tmp_path, body).list_of("customProperties")]
    assert values == ["10:00:00", "no", "2025-01-01", 7, "1e3", "5", None, True]


def test_aliases_and_merges_in_moderation_are_fine(tmp_path):
    body = "support:\n  - &c {channel: desk, tool: ticket}\n  - {<<: *c, channel: night}\n"
    assert contract(tmp_path, body).list_of("support") == [
        {"channel": "desk", "tool": "ticket"},
        {"channel": "night", "tool": "ticket"},
    ]


def test_a_column_need_not_name_its_type(tmp_path):
    """The schema of 3.2.0 as published asks for a `map` there, and none of its versions means to."""
    assert contract(tmp_path, "schema:\n  - name: t\n    properties:\n      - {name: a}\n").list_of("schema")
    wrong = "schema:\n  - name: t\n    properties:\n      - {name: a, logicalType: map}\n"
    assert "'map' is a required property" in refusal(tmp_path, HEAD.format(id="a") + wrong)
