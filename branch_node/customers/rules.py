"""Rules of customers: what makes two of them the same, their states, which date of next contact holds. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import phonenumbers

from shared.i18n import N_
from shared.vocabulary import REGIONS

STATUSES: Mapping[str, str] = {
    "prospect": N_("prospect"),
    "customer": N_("customer"),
    "dormant": N_("dormant"),
    "lost": N_("lost"),
    "merged": N_("merged"),
}
OPEN_STATUSES = ("prospect", "customer", "dormant", "lost")
FOLLOWED = ("prospect", "customer")

KINDS: Mapping[str, str] = {
    "": N_("not classified"),
    "manufacturer": N_("manufacturer"),
    "dealer": N_("dealer"),
    "retailer": N_("retailer"),
    "end_user": N_("end user"),
    "public": N_("public body"),
    "other": N_("other"),
}
GROUPS: Mapping[str, str] = {
    "": N_("no group"),
    "A": N_("group A"),
    "B": N_("group B"),
    "C": N_("group C"),
}
TAX_RULES: Mapping[str, str] = {
    "": N_("not set"),
    "general": N_("general taxpayer"),
    "small": N_("small-scale taxpayer"),
    "exempt": N_("exempt"),
    "foreign": N_("foreign"),
}

# Codes that imports and the demo use; any other text is shown as it is.
SOURCES: Mapping[str, str] = {
    "referral": N_("referral"),
    "website": N_("website"),
    "tender": N_("tender"),
    "exhibition": N_("exhibition"),
    "visit": N_("visit"),
    "call": N_("call"),
}
INDUSTRIES: Mapping[str, str] = {
    "machinery": N_("machinery"),
    "automation": N_("automation"),
    "packaging": N_("packaging"),
    "precision": N_("precision engineering"),
    "textile": N_("textile"),
    "printing": N_("printing"),
    "water": N_("water treatment"),
    "logistics": N_("logistics"),
    "food": N_("food"),
    "energy": N_("energy"),
    "lifts": N_("lifts"),
    "instruments": N_("instruments"),
}
VOCABULARIES: Mapping[str, Mapping[str, str]] = {
    "source": SOURCES,
    "industry": INDUSTRIES,
    "region": REGIONS,
    "kind": KINDS,
    "group": GROUPS,
    "tax_rule": TAX_RULES,
}


def state_after(status: str, is_signed: bool, wanted: str) -> str | None:
    """The state a customer has after somebody asked for another one; None where it cannot be.

    Only an approved order makes a customer of a prospect, and whoever has signed is never a prospect again: waking up
    a dormant or lost one gives what it was. A merged one stays merged.
    """
    if status == "merged" or wanted == status:
        return None
    if wanted in ("prospect", "customer"):
        awake = "customer" if is_signed else "prospect"
        return awake if awake != status else None
    return wanted


# --- duplicates -------------------------------------------------------------------------------------------------

# The commonest characters of company names that differ between traditional and simplified writing.
_TRADITIONAL = (
    "東东廣广電电機机業业國国際际貿贸實实發发車车華华興兴達达聯联銀银門门點点應应買买賣卖學学醫医藥药衛卫龍龙鳳凤馬马魚鱼鳥鸟麥麦黃黄"
    "樂乐網网絡络線线紅红綠绿紙纸細细織织經经紡纺維维綜综總总縣县區区島岛灣湾臺台鄉乡鎮镇長长張张劉刘陳陈楊杨趙赵吳吴鄭郑謝谢許许鄧邓"
    "馮冯蔣蒋葉叶餘余韓韩盧卢蘇苏鍾钟譚谭陸陆賈贾閻阎顧顾儀仪億亿優优儲储創创動动務务勝胜單单嚴严圖图園园團团執执報报場场塊块墊垫壓压"
    "處处備备複复夢梦頭头奪夺奮奋婦妇媽妈孫孙寶宝專专尋寻對对導导將将屆届層层幣币師师帶带幫帮幹干幾几庫库廠厂廳厅廢废開开關关閉闭"
    "間间闊阔隊队陽阳陰阴階阶隨随險险隱隐雙双雜杂離离難难雲云霧雾靈灵靜静頂顶項项順顺須须預预領领頻频題题額额顏颜願愿類类飛飞飯饭飲饮飾饰館馆"
    "驗验驅驱體体髮发鬥斗鮮鲜鹽盐齊齐齒齿龜龟製制設设計计訂订記记訊讯訓训託托診诊詞词試试詩诗話话該该詳详認认語语誠诚誤误說说課课調调談谈請请論论"
    "諾诺證证識识議议護护讀读變变讓让財财責责貨货販贩貴贵費费資资賓宾賞赏質质賬账賽赛贊赞輕轻輛辆輝辉輪轮輸输轉转農农邊边遠远適适選选遺遗還还進进過过"
    "運运連连週周遊游針针釣钓鈔钞鈕钮鈴铃鉛铅銅铜鋁铝鋼钢錄录錢钱錦锦鍋锅鍵键鐘钟鐵铁鑽钻環环現现瑪玛產产畢毕異异當当療疗監监盤盘碼码確确礦矿礎础"
    "禮礼種种積积穩稳窩窝競竞筆笔節节範范築筑簡简簽签籃篮糧粮紀纪約约純纯紹绍終终組组結结給给統统絲丝綱纲緊紧緣缘編编緩缓練练縱纵績绩繪绘繼继續续"
    "義义習习聖圣聞闻聲声職职聽听腦脑臨临舊旧艦舰藝艺蘭兰蟲虫術术補补裝装見见規规視视親亲覺觉覽览觀观觸触訪访榮荣標标樣样樹树橋桥檢检權权歐欧歡欢歲岁歷历"
    "殘残殺杀氣气漢汉潔洁潤润濟济濱滨灘滩無无煙烟熱热燈灯燒烧營营爐炉爾尔牆墙獎奖獨独獲获瑋玮滿满漁渔漲涨漸渐準准溫温滅灭澤泽"
)
SIMPLIFIED = {_TRADITIONAL[place]: _TRADITIONAL[place + 1] for place in range(0, len(_TRADITIONAL), 2)}

_COMPANY_WORDS = re.compile(
    r"(集团股份有限责任公司|集团股份有限公司|集团有限责任公司|股份有限责任公司|集团有限公司|股份有限公司|有限责任公司|科技有限公司"
    r"|有限公司|分公司|总公司|子公司|集团公司|股份公司|公司|集团|株式会社|有限会社|合同会社|事务所)"
)
_LATIN_SUFFIXES = frozenset(
    [
        "co",
        "ltd",
        "limited",
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "company",
        "llc",
        "llp",
        "lp",
        "plc",
        "gmbh",
        "ag",
        "kg",
        "bv",
        "nv",
        "sa",
        "sas",
        "sarl",
        "srl",
        "spa",
        "oy",
        "ab",
        "as",
        "aps",
        "kk",
        "pte",
        "pty",
        "pvt",
        "group",
        "holding",
        "holdings",
        "intl",
    ]
)
_NOT_WORD = re.compile(r"[^\w]+", re.UNICODE)
_DIGITS = re.compile(r"\d")


def folded(text: str) -> str:
    """Half width, lower case, simplified characters, single blanks."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(SIMPLIFIED.get(char, char) for char in plain).split())


def name_key(name: str) -> str:
    """The part of a company name that tells it from others: width, case, script, punctuation, brackets around a
    place and the company form are dropped. Never empty for a name that has a letter or digit."""
    plain = folded(name)
    without = _COMPANY_WORDS.sub("", plain)
    tokens = [token for token in _NOT_WORD.split(without.replace(".", "")) if token]
    while len(tokens) > 1 and tokens[-1] in _LATIN_SUFFIXES:
        tokens.pop()
    if len(tokens) > 1 and tokens[0] == "the":
        tokens.pop(0)
    key = "".join(tokens).replace("_", "")
    return (key or "".join(char for char in plain if char.isalnum()))[:200]


LONGEST_PHONE = 250
"""Letters of a number that are looked at, phonenumbers' own limit: a longer text is none."""


def phone_key(text: str, country: str) -> str:
    """The number in international form (+862158001234) without extension; empty when it is none.

    `country` reads numbers without a country code. A number that the tables do not know keeps its digits, when
    there are at least seven, so that two writings of it still meet.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    return _phone_key(plain, country) if 0 < len(plain) <= LONGEST_PHONE else ""


@lru_cache(maxsize=1024)
def _phone_key(plain: str, country: str) -> str:
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number(number):
        number.extension = None
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    digits = "".join(_DIGITS.findall(plain))
    return digits if len(digits) >= 7 else ""


def phone_keys(text: str, country: str) -> list[str]:
    """The keys of all numbers in a box that holds several, divided by comma, semicolon, slash or line."""
    parts = re.split(r"[,;/、，；\n]+", unicodedata.normalize("NFKC", text))
    return list(dict.fromkeys(key for part in parts if (key := phone_key(part, country))))


def email_key(text: str) -> str:
    """The address in lower case without blanks; empty when it has no @ with something on both sides."""
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    before, mark, after = plain.rpartition("@")
    return plain if mark and before and "." in after else ""


def tax_key(text: str) -> str:
    """Letters and digits of a tax number in upper case; empty below six of them."""
    plain = "".join(char for char in unicodedata.normalize("NFKC", text).upper() if char.isalnum())
    return plain if len(plain) >= 6 else ""


@dataclass(frozen=True)
class Keys:
    """What a customer is recognised by."""

    name: str
    phones: tuple[str, ...] = ()
    email: str = ""
    tax_number: str = ""

    @property
    def points(self) -> tuple[str, ...]:
        """Phones and e-mail as they stand in contact_point.key."""
        return tuple(key for key in (*self.phones, self.email) if key)


def keys_of(name: str, phone: str, email: str, tax_number: str, country: str) -> Keys:
    """The keys of what was entered."""
    return Keys(name_key(name), tuple(phone_keys(phone, country)), email_key(email), tax_key(tax_number))


REASONS: Mapping[str, str] = {
    "tax_number": N_("same tax number"),
    "phone": N_("same telephone"),
    "email": N_("same e-mail"),
    "name": N_("same name"),
}


def match_reasons(mine: Keys, other: Keys) -> list[str]:
    """Why two are probably the same customer, strongest first; empty: they are not."""
    found = []
    if mine.tax_number and mine.tax_number == other.tax_number:
        found.append("tax_number")
    if set(mine.phones) & set(other.phones):
        found.append("phone")
    if mine.email and mine.email == other.email:
        found.append("email")
    if mine.name and mine.name == other.name:
        found.append("name")
    return found


# --- contact dates ----------------------------------------------------------------------------------------------


def last_contact(current: date | None, happened_on: date) -> date:
    """The latest day of contact; an older entry typed later does not set it back."""
    return happened_on if current is None or happened_on > current else current


def next_contact(
    current: date | None, happened_on: date | None, planned: Iterable[date], asked: date | None = None
) -> date | None:
    """When to call again: the earliest of what is still planned and what was asked for.

    `happened_on` is the contact just made: an earlier or equal `current` is settled by it. `planned` are the dates
    of activities still planned.
    """
    kept = current if current is not None and (happened_on is None or current > happened_on) else None
    candidates = [day for day in (asked, *planned) if day is not None]
    if not candidates:
        return kept
    earliest = min(candidates)
    return earliest if asked is not None or kept is None else min(kept, earliest)


# --- credit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Credit:
    """How much of the sales limit is used, minor units of one currency; `limit` None: no limit agreed."""

    limit: int | None
    used: int

    @property
    def used_bp(self) -> int | None:
        return None if not self.limit else self.used * 10_000 // self.limit

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.used > self.limit


# --- differences of two versions --------------------------------------------------------------------------------


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Sequence[str]
) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of the fields that differ, in the given order."""
    return [
        (name, before.get(name), after.get(name)) for name in fields if before.get(name) != after.get(name)
    ]


def moved_account(ids: Iterable[UUID], keep: int = 200) -> list[str]:
    """Ids for an audit entry, at most `keep`."""
    return [str(one) for one in list(ids)[:keep]]
