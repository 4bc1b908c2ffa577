"""Invented people, firms, streets, telephones: combinations of parts, none taken from anybody.

Telephone numbers lie in ranges that are reserved for fiction (France, United States) or not given out (China,
Japan); mail and web addresses end in `.example`.
"""

from dataclasses import dataclass
from random import Random
from typing import TypeVar

from shared.demo_company import DemoBranch, Language

T = TypeVar("T")


@dataclass(frozen=True)
class PersonName:
    """A name as written there, and in Latin letters for addresses and sign-in names."""

    name: str
    latin: str


@dataclass(frozen=True)
class Firm:
    """An invented firm: full name, the part people call it by, and the domain it mails from."""

    name: str
    short: str
    domain: str
    industry: str


@dataclass(frozen=True)
class Place:
    """A city with its region, postcode and telephone prefix."""

    city: str
    state: str
    postcode: str
    prefix: str


_ZH_FAMILY = (
    "李 li|王 wang|张 zhang|刘 liu|陈 chen|杨 yang|黄 huang|赵 zhao|吴 wu|周 zhou|徐 xu|孙 sun|马 ma|朱 zhu|胡 hu|"
    "郭 guo|何 he|高 gao|林 lin|罗 luo|郑 zheng|梁 liang|谢 xie|宋 song|唐 tang|许 xu|韩 han|冯 feng|邓 deng|曹 cao|"
    "彭 peng|曾 zeng|萧 xiao|田 tian|董 dong|潘 pan|袁 yuan|蔡 cai|蒋 jiang|余 yu|沈 shen|姚 yao|卢 lu|傅 fu|钟 zhong"
)
_ZH_GIVEN = "晓 xiao|志 zhi|文 wen|雨 yu|思 si|俊 jun|梓 zi|海 hai|春 chun|国 guo|佳 jia|明 ming|子 zi|玉 yu|建 jian|永 yong"
_ZH_GIVEN_LAST = (
    "明 ming|华 hua|涵 han|强 qiang|婷 ting|杰 jie|洁 jie|峰 feng|敏 min|磊 lei|颖 ying|涛 tao|琳 lin|辉 hui|倩 qian|"
    "斌 bin|芸 yun|航 hang|悦 yue|宁 ning|博 bo|瑶 yao|远 yuan|静 jing"
)
_ZH_BRAND = (
    "澜 lan|栎 li|晟 sheng|霁 ji|沐 mu|砺 li|珩 heng|翊 yi|钧 jun|湛 zhan|煦 xu|岚 lan|漪 yi|铄 shuo|珞 luo|槿 jin|"
    "璟 jing|泓 hong|翎 ling|骁 xiao"
)
_ZH_BRAND_LAST = (
    "榆 yu|砾 li|川 chuan|禾 he|舟 zhou|屿 yu|峤 qiao|桓 huan|峦 luan|笙 sheng|泊 bo|拓 tuo|弦 xian|麓 lu|尧 yao|渡 du|"
    "柏 bai|朔 shuo|衡 heng|汀 ting"
)
_ZH_TRADES = "机电|自动化|包装机械|精密制造|纺织机械|印刷设备|水处理|物流设备|食品机械|新能源|电梯|仪表"
_ZH_SUFFIXES = "有限公司|有限公司|有限公司|科技有限公司|股份有限公司|实业有限公司"

_FR_GIVEN = (
    "Claire|Julien|Camille|Antoine|Manon|Hugo|Élodie|Bastien|Sophie|Mathieu|Inès|Romain|Lucie|Olivier|Aurélie|Thomas|"
    "Margaux|Nicolas|Pauline|Étienne|Chloé|Vincent|Nathalie|Damien"
)
_FR_FAMILY = (
    "Delorme|Vasseur|Berthier|Charpin|Montreuil|Lacaze|Roussel|Fontenay|Guérin|Marchal|Perrin|Aubry|Chevalier|Besson|"
    "Lemaire|Rivoire|Sauvage|Tessier|Vallet|Brunel|Carpentier|Dumas|Estève|Faucher|Garnier|Hébert"
)
_FR_BRAND = "Cour|Val|Mont|Bel|Roche|Font|Clair|Haute|Bris|Mer|Chante|Aigue|Vern|Gran|Plaisan|Sable|Orme|Lune|Frêne|Vallon"
_FR_BRAND_LAST = "lac|vigne|taire|ombre|dormois|brune|azure|fleurie|rive|celles|ardoise|lune|avoine|pierre|mare|noue|garde|chêne|forêt|plaine"
_FR_TRADES = (
    "Mécanique|Automatismes|Emballage|Convoyage|Textile|Impression|Traitement des eaux|Levage|Agroalimentaire|Énergies|"
    "Ascenseurs|Instrumentation"
)
_FR_SUFFIXES = "SAS|SARL|SA"

_EN_GIVEN = (
    "Grace|Daniel|Olivia|Marcus|Hannah|Tyler|Naomi|Brandon|Julia|Derek|Paige|Victor|Amber|Nathan|Monica|Caleb|Renee|"
    "Spencer|Tessa|Gordon|Leah|Wesley|Irene|Felix"
)
_EN_FAMILY = (
    "Hollis|Brennan|Castell|Whitlow|Marsden|Okafor|Petrov|Reyes|Lindqvist|Ashby|Calder|Donovan|Eastman|Farrow|Garrity|"
    "Hargrove|Ingram|Kessler|Lowry|Mercer|Norwood|Pruitt|Ramsey|Sutter|Tolliver|Vance"
)
_EN_BRAND = "North|Ash|Bright|Cedar|King|Stone|Fair|Iron|Lake|Mill|Oak|Red|Silver|West|Amber|Clear|Elm|Harbor|Maple|Pine|Summit"
_EN_BRAND_LAST = "haven|wick|mere|field|crest|gate|moor|bury|shaw|combe|ridge|well|stead|thorpe|dale|brook|ford|holt|land|view|worth"
_EN_TRADES = "Machine Works|Automation|Packaging|Conveyors|Textiles|Print Systems|Water|Lifts|Foods|Energy|Elevators|Instruments"
_EN_SUFFIXES = "Inc.|LLC|Co.|Corp."

_JA_FAMILY = (
    "佐々木 sasaki|藤本 fujimoto|小川 ogawa|西野 nishino|中原 nakahara|松井 matsui|青山 aoyama|大野 ohno|北川 kitagawa|"
    "森田 morita|杉本 sugimoto|高橋 takahashi|石原 ishihara|村上 murakami|浜田 hamada|野口 noguchi|宮崎 miyazaki|"
    "谷口 taniguchi|桜井 sakurai|秋山 akiyama|水野 mizuno|竹内 takeuchi|山本 yamamoto|長谷川 hasegawa"
)
_JA_GIVEN = (
    "美咲 misaki|健太 kenta|陽子 yoko|翔 sho|由美 yumi|大輔 daisuke|さくら sakura|直樹 naoki|彩香 ayaka|拓也 takuya|"
    "恵 megumi|亮 ryo|真由 mayu|和也 kazuya|千尋 chihiro|隆 takashi|結衣 yui|誠 makoto|香織 kaori|浩 hiroshi"
)
_JA_BRAND = "蒼 ao|瑞 mizu|嶺 mine|汐 shio|楓 kaede|暁 aka|澪 mio|梢 kozue|渓 kei|葵 aoi|翠 sui|燈 tou|柊 shu|錦 nishiki|楠 kusu|霧 kiri|稜 ryou|朱 aka|翔 shou|碧 heki|杏 an"
_JA_BRAND_LAST = "原 hara|崎 saki|浦 ura|峰 mine|沢 sawa|塚 tsuka|瀬 se|坂 saka|牧 maki|代 shiro|桐 kiri|越 koshi|倉 kura|島 shima|谷 tani|森 mori|里 sato|橋 hashi"
_JA_TRADES = (
    "製作所|自動機|包装機械|精機|繊維機械|印刷機|環境設備|物流システム|食品機械|電機|エレベータ|計測器"
)

INDUSTRIES = (
    "machinery", "automation", "packaging", "precision", "textile", "printing", "water", "logistics", "food", "energy",
    "lifts", "instruments",
)  # fmt: skip
"""Codes of the trades above, in the same order for every language."""

_PLACES: dict[str, tuple[tuple[str, ...], ...]] = {
    "HQ": (("北京", "北京市", "100", "010"), ("天津", "天津市", "300", "022"), ("石家庄", "河北省", "050", "0311"),
           ("济南", "山东省", "250", "0531"), ("青岛", "山东省", "266", "0532"), ("太原", "山西省", "030", "0351")),
    "SH": (("上海", "上海市", "200", "021"), ("苏州", "江苏省", "215", "0512"), ("无锡", "江苏省", "214", "0510"),
           ("杭州", "浙江省", "310", "0571"), ("宁波", "浙江省", "315", "0574"), ("南通", "江苏省", "226", "0513")),
    "GZ": (("广州", "广东省", "510", "020"), ("深圳", "广东省", "518", "0755"), ("佛山", "广东省", "528", "0757"),
           ("东莞", "广东省", "523", "0769"), ("厦门", "福建省", "361", "0592")),
    "fr": (("Paris", "Île-de-France", "75", "01"), ("Versailles", "Île-de-France", "78", "01"),
           ("Lyon", "Auvergne-Rhône-Alpes", "69", "04"), ("Lille", "Hauts-de-France", "59", "03"),
           ("Nantes", "Pays de la Loire", "44", "02"), ("Toulouse", "Occitanie", "31", "05")),
    "en": (("New York", "NY", "100", "212"), ("Brooklyn", "NY", "112", "718"), ("Newark", "NJ", "071", "973"),
           ("Stamford", "CT", "069", "203"), ("Boston", "MA", "021", "617"), ("Philadelphia", "PA", "191", "215")),
    "ja": (("東京", "東京都", "10", "03"), ("横浜", "神奈川県", "22", "045"), ("川崎", "神奈川県", "21", "044"),
           ("千葉", "千葉県", "26", "043"), ("名古屋", "愛知県", "45", "052"), ("大阪", "大阪府", "53", "06")),
}  # fmt: skip

_AREA_CODES = [
    "212",
    "646",
    "332",
    "917",
    "718",
    "347",
    "929",
    "516",
    "631",
    "914",
    "845",
    "201",
    "551",
    "973",
    "862",
    "908",
    "732",
    "848",
    "609",
    "203",
    "475",
    "860",
    "959",
    "617",
    "857",
    "508",
    "774",
    "978",
    "351",
    "781",
    "339",
    "215",
    "267",
    "445",
    "610",
    "484",
    "835",
    "401",
]

COUNTRIES = {"zh": "中国", "fr": "France", "en": "United States", "ja": "日本"}


def _pairs(text: str) -> list[tuple[str, str]]:
    """ "李 li|王 wang" as pairs."""
    return [(part.rsplit(" ", 1)[0], part.rsplit(" ", 1)[1]) for part in text.split("|")]


def _ascii(text: str) -> str:
    """Small Latin letters only, accents dropped."""
    plain = text.lower().translate(str.maketrans("éèêëàâîïôûùç", "eeeeaaiiouuc"))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


class NameBook:
    """Hands out names of one branch; firms and people are not repeated before the combinations are used up."""

    def __init__(self, branch: DemoBranch, dice: Random) -> None:
        self.branch = branch
        self.language: Language = branch.language
        self.dice = dice
        self.people_given: set[str] = set()
        self.domains: set[str] = set()
        self.numbers: set[str] = set()
        places = _PLACES.get(branch.code) or _PLACES.get(self.language) or _PLACES["GZ"]
        self.places = [Place(*parts) for parts in places]
        self.brands = self._all_brands()

    def person(self) -> PersonName:
        """A new name of a person."""
        for _ in range(20):
            found = self._person()
            if found.name not in self.people_given:
                break
        self.people_given.add(found.name)
        return found

    def _person(self) -> PersonName:
        if self.language == "zh":
            (family, latin), (last, latin_last) = self._of(_ZH_FAMILY), self._of(_ZH_GIVEN_LAST)
            first, latin_first = self._of(_ZH_GIVEN) if self.dice.random() < 0.6 else ("", "")
            return PersonName(family + first + last, f"{latin_first}{latin_last}.{latin}")
        if self.language == "ja":
            (family, latin), (given, latin_given) = self._of(_JA_FAMILY), self._of(_JA_GIVEN)
            return PersonName(f"{family} {given}", f"{latin_given}.{latin}")
        given_names, families = (_FR_GIVEN, _FR_FAMILY) if self.language == "fr" else (_EN_GIVEN, _EN_FAMILY)
        given, family = self.dice.choice(given_names.split("|")), self.dice.choice(families.split("|"))
        return PersonName(f"{given} {family}", f"{_ascii(given)}.{_ascii(family)}")

    def firm(self, place: Place) -> Firm:
        """A new firm of that place."""
        brand, latin = self.brands.pop() if self.brands else self._numbered_brand()
        number = self.dice.randrange(len(INDUSTRIES))
        trades = {"zh": _ZH_TRADES, "fr": _FR_TRADES, "ja": _JA_TRADES}.get(self.language, _EN_TRADES)
        trade = trades.split("|")[number]
        if self.language == "zh":
            short = brand + trade
            name = place.city + short + self.dice.choice(_ZH_SUFFIXES.split("|"))
        elif self.language == "ja":
            short = brand + trade
            name = self.dice.choice(("株式会社" + short, short + "株式会社"))
        else:
            suffixes = _FR_SUFFIXES if self.language == "fr" else _EN_SUFFIXES
            short = f"{brand} {trade}"
            name = f"{short} {self.dice.choice(suffixes.split('|'))}"
        return Firm(name, short, self._domain(latin), INDUSTRIES[number])

    def place(self) -> Place:
        """A city of the branch's region, its own city more often than others."""
        return self.places[0] if self.dice.random() < 0.4 else self.dice.choice(self.places)

    def postcode(self, place: Place) -> str:
        """A postcode that begins like that place's."""
        digits = {"zh": 6, "ja": 7}.get(self.language, 5) - len(place.postcode)
        code = place.postcode + f"{self.dice.randrange(10**digits):0{digits}d}"
        return f"{code[:3]}-{code[3:]}" if self.language == "ja" else code

    def street(self) -> str:
        """A street address without the city."""
        number = self.dice.randrange(1, 399)
        if self.language == "zh":
            street = self._of(_ZH_BRAND)[0] + self._of(_ZH_BRAND_LAST)[0]
            room = f"{self.dice.randrange(1, 28)}{self.dice.randrange(1, 9):02d}室"
            return f"{street}{self.dice.choice(('路', '大道', '街', '东路', '西路'))}{number}号{room}"
        if self.language == "ja":
            town = self._of(_JA_BRAND)[0] + self._of(_JA_BRAND_LAST)[0]
            return f"{town}町{self.dice.randrange(1, 6)}-{self.dice.randrange(1, 28)}-{self.dice.randrange(1, 20)}"
        if self.language == "fr":
            way = self.dice.choice(("rue", "avenue", "boulevard", "quai", "allée"))
            estate = self.dice.choice(_FR_BRAND.split("|")) + self.dice.choice(_FR_BRAND_LAST.split("|"))
            return f"{number} {way} {'d’' if estate[0] in 'AEIOUH' else 'de '}{estate}"
        brand = self.dice.choice(_EN_BRAND.split("|")) + self.dice.choice(_EN_BRAND_LAST.split("|"))
        return f"{number} {brand} {self.dice.choice(('Street', 'Avenue', 'Road', 'Parkway', 'Lane'))}"

    def phone(self, place: Place) -> str:
        """A firm's telephone."""
        for _ in range(20):
            found = self._phone(place.prefix)
            if found not in self.numbers:
                break
        else:
            return self.mobile()
        self.numbers.add(found)
        return found

    def mobile(self) -> str:
        """A person's telephone."""
        for _ in range(50):
            found = self._mobile()
            if found not in self.numbers:
                break
        self.numbers.add(found)
        return found

    def _phone(self, prefix: str) -> str:
        line = self.dice.randrange(10**7)
        if self.language == "zh":
            return f"{prefix}-1{line:07d}"
        if self.language == "ja":
            return f"{prefix}-0{line % 1000:03d}-{line // 1000:04d}"
        if self.language == "fr":
            return f"01 99 00 {line % 100:02d} {line // 100 % 100:02d}"
        return f"({prefix}) 555-01{line % 100:02d}"

    def _mobile(self) -> str:
        line = self.dice.randrange(10**8)
        if self.language == "zh":
            return f"154{line:08d}"
        if self.language == "ja":
            return f"090-0{line % 1000:03d}-{line // 1000 % 10000:04d}"
        if self.language == "fr":
            return f"06 39 98 {line % 100:02d} {line // 100 % 100:02d}"
        return f"({self.dice.choice(_AREA_CODES)}) 555-01{line % 100:02d}"

    def pick(self, choices: tuple[T, ...] | list[T]) -> T:
        """One of the choices."""
        return self.dice.choice(choices)

    def _of(self, text: str) -> tuple[str, str]:
        return self.dice.choice(_pairs(text))

    def _domain(self, latin: str) -> str:
        """A domain nobody of this branch has yet."""
        name, number = latin, 2
        while name in self.domains:
            name, number = f"{latin}{number}", number + 1
        self.domains.add(name)
        return f"{name}.example"

    def _all_brands(self) -> list[tuple[str, str]]:
        if self.language in ("zh", "ja"):
            first, last = (
                (_ZH_BRAND, _ZH_BRAND_LAST) if self.language == "zh" else (_JA_BRAND, _JA_BRAND_LAST)
            )
            brands = [(a + b, latin + tail) for a, latin in _pairs(first) for b, tail in _pairs(last)]
        else:
            first, last = (
                (_FR_BRAND, _FR_BRAND_LAST) if self.language == "fr" else (_EN_BRAND, _EN_BRAND_LAST)
            )
            brands = [(a + b, _ascii(a + b)) for a in first.split("|") for b in last.split("|")]
        self.dice.shuffle(brands)
        return brands

    def _numbered_brand(self) -> tuple[str, str]:
        """Only large scales come here: a brand with a number behind it."""
        brands = self._all_brands()
        number = len(self.domains)
        return f"{brands[0][0]}{number}", f"{brands[0][1]}{number}"
