"""Text of scripts that are written without blanks: parts of it are found, in every field."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import normalize

import pytest

import codesearch
from codesearch import Index
from codesearch.core import tokens
from tests.support.trees import write

FILES = {
    "zh.py": '''
def export_orders(path):
    """把订单数据导出为报表文件。"""
    raise ValueError("打开配置文件失败，请稍后重试")


def 计算含税价格(net):
    # 增值税按照国家规定的税率计算
    return net * RATE
''',
    "ja.py": '''
def save(entry):
    """ユーザー設定をデータベースに保存する。"""


def send(mail):
    """未送信のメールをもう一度送る。"""
    print("接続がタイムアウトしました")
''',
    "ko.py": '''
def cancel(order):
    """주문을취소하고 결제금액을 환불한다."""


def login(user):
    """사용자가 비밀번호를 입력하면 로그인한다."""
''',
    "th.py": '''
def export(rows):
    """ส่งออกข้อมูลลูกค้าเป็นไฟล์"""


def remove(row):
    """ลบแถวออกจากตาราง"""
''',
    "other.py": "".join(f"def helper_{n}(value):\n    return value + {n}\n\n\n" for n in range(40)),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with codesearch.open_index(write(tmp_path_factory.mktemp("unspaced"), FILES), model="static") as opened:
        opened.update()
        yield opened


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("订单数据", "export_orders"),  # documentation
        ("导出报表", "export_orders"),
        ("配置文件失败", "export_orders"),  # a string
        ("请稍后重试", "export_orders"),
        ("含税价格", "计算含税价格"),  # a name
        ("价格", "计算含税价格"),
        ("国家规定的税率", "计算含税价格"),  # a comment
        ("path of 订单", "export_orders"),
        ("データベース", "save"),
        ("設定を保存", "save"),
        ("ﾃﾞｰﾀﾍﾞｰｽ", "save"),  # half width
        ("メール", "send"),
        ("タイムアウト", "send"),
        ("주문", "cancel"),
        ("결제금액 환불", "cancel"),
        ("비밀번호", "login"),
        (normalize("NFD", "비밀번호"), "login"),
        (normalize("NFD", "データベース"), "save"),
        ("ข้อมูลลูกค้า", "export"),
        ("ส่งออก", "export"),
        ("ตาราง", "remove"),
        ("税", "计算含税价格"),  # one letter
    ],
)
def test_a_part_of_a_run_finds_its_function(index: Index, typed: str, expected: str):
    assert index.query(f"{typed} -kind:module")[0].symbol.name == expected


def test_what_is_not_there_is_not_found(index: Index):
    for typed in ("删除用户账号", "ネットワーク", "ยกเลิก"):
        assert all(hit.score < 0.3 for hit in index.query(f"{typed} -kind:module"))


def test_latin_words_keep_their_terms():
    for text in ("parseHTTPConfig_v2 größe", "naïve café", "Ωmega x"):
        assert tokens.query_terms(text) == tokens.terms(text)
    assert tokens.terms("größe") == ["gr", "öß", "e", "größe"]


def test_a_run_is_indexed_by_letters_and_pairs_and_asked_for_by_pairs():
    assert tokens.terms("订单数据") == [*"订单数据", "订单", "单数", "数据"]
    assert tokens.query_terms("订单数据") == ["订单", "单数", "数据"]
    assert tokens.query_terms("税") == ["税"]
    assert tokens.query_terms("getユーザーId") == ["get", "id", "ユー", "ーザ", "ザー"]


def test_a_long_run_is_text_and_not_data():
    assert len(tokens.terms("订" * 200)) == 399
