"""What the branch sells: products with dated prices in its own and one foreign currency."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from branch_node.products.rules import DatedPrice, list_price
from branch_node.searching import search_key
from branch_node.seeding.scene import Scene
from branch_node.seeding.write import Row
from shared.demo_company import rate_e9
from shared.money import convert, round_half_even
from shared.periods import Month
from shared.records import PriceItem, Product

# code, names (zh, en, fr, ja), unit, price of the smallest size in CNY, cost in percent of price, sizes
_KINDS = (
    ("SM", ("伺服电机", "Servo motor", "Servomoteur", "サーボモータ"), "pc", 2_150, 61,
     ("0.4 kW", "0.75 kW", "1.5 kW", "3 kW", "5 kW")),
    ("SD", ("伺服驱动器", "Servo drive", "Servovariateur", "サーボドライバ"), "pc", 2_480, 58,
     ("0.4 kW", "0.75 kW", "1.5 kW", "3 kW", "5 kW")),
    ("FD", ("变频器", "Frequency inverter", "Variateur de fréquence", "インバータ"), "pc", 1_860, 60,
     ("1.5 kW", "4 kW", "7.5 kW", "15 kW", "30 kW")),
    ("AM", ("异步电机", "Induction motor", "Moteur asynchrone", "誘導モータ"), "pc", 980, 66,
     ("1.1 kW", "2.2 kW", "5.5 kW", "11 kW")),
    ("GB", ("行星减速机", "Planetary gearbox", "Réducteur planétaire", "遊星減速機"), "pc", 1_420, 62,
     ("60", "90", "120")),
    ("PS", ("光电传感器", "Photoelectric sensor", "Capteur photoélectrique", "光電センサ"), "pc", 186, 52,
     ("M12", "M18", "M30")),
    ("IS", ("接近开关", "Proximity switch", "Détecteur de proximité", "近接スイッチ"), "pc", 92, 50,
     ("M8", "M12", "M18")),
    ("EN", ("编码器", "Encoder", "Codeur", "エンコーダ"), "pc", 640, 57, ("17 bit", "23 bit")),
    ("PL", ("可编程控制器", "PLC", "Automate programmable", "PLC"), "pc", 3_260, 55, ("16 I/O", "32 I/O", "64 I/O")),
    ("HM", ("触摸屏", "Operator panel", "Pupitre opérateur", "タッチパネル"), "pc", 1_180, 56, ("7″", "10″", "15″")),
    ("LG", ("直线模组", "Linear axis", "Axe linéaire", "リニアアクチュエータ"), "pc", 4_350, 63, ("500", "1000")),
    ("CV", ("输送线单元", "Conveyor module", "Module convoyeur", "コンベヤユニット"), "set", 8_600, 68, ("2 m", "4 m")),
    ("SV", ("安装调试服务", "Commissioning", "Mise en service", "立上げサービス"), "day", 1_500, 45, ("1",)),
)  # fmt: skip
_CATEGORIES = {
    "SM": ("驱动", "Drives"), "SD": ("驱动", "Drives"), "FD": ("驱动", "Drives"), "AM": ("电机", "Motors"),
    "GB": ("传动", "Transmission"), "PS": ("传感", "Sensors"), "IS": ("传感", "Sensors"), "EN": ("传感", "Sensors"),
    "PL": ("控制", "Control"), "HM": ("控制", "Control"), "LG": ("传动", "Transmission"),
    "CV": ("输送", "Conveyors"), "SV": ("服务", "Service"),
}  # fmt: skip
_UNITS = {"pc": "件", "set": "套", "day": "天"}
_RAISE_BP = 350


@dataclass(frozen=True)
class Item:
    """A product with its dated prices."""

    row: Row
    prices: tuple[DatedPrice, ...]
    cost_percent: int

    @property
    def id(self) -> UUID:
        return self.row["id"]  # type: ignore[no-any-return]

    @property
    def label(self) -> str:
        """Kind without size, as people talk about it."""
        return str(self.row["name"]).rsplit(" ", 2)[0]

    def price(self, currency: str, day: date) -> int:
        """The list price on a day, minor units. LookupError when there is none in that currency."""
        found = list_price(self.row["currency"], self.row["list_price_minor"], self.prices, currency, day)
        if found is None:
            raise LookupError(f"{self.row['code']} has no price in {currency}")
        return found

    def cost(self, price_minor: int) -> int:
        """What a unit costs the branch when it lists at that price."""
        return round_half_even(price_minor * self.cost_percent, 100)


def build_catalogue(scene: Scene) -> list[Item]:
    """All products; prices rose at the beginning of the newest year that the books cover."""
    born = scene.instant(scene.first - timedelta(days=1), 17 * 60 + 15)
    raise_on = max(date(scene.until.year, 1, 1), scene.first + timedelta(days=28))
    items: list[Item] = []
    for code, names, unit, smallest, cost_percent, sizes in _KINDS:
        name = names[("zh", "en", "fr", "ja").index(scene.branch.language)]
        for number, size in enumerate(sizes):
            major = smallest * (100 + 46 * number + 9 * number * number) // 100
            items.append(
                _add_product(
                    scene,
                    born,
                    f"{code}-{number + 1}0",
                    f"{name} {size}",
                    code,
                    unit,
                    major,
                    cost_percent,
                    raise_on,
                )
            )
    return items


def _add_product(
    scene: Scene,
    born: int,
    code: str,
    name: str,
    kind: str,
    unit: str,
    cny: int,
    cost_percent: int,
    raise_on: date,
) -> Item:
    """One product and its prices: before and after the raise, at home and abroad."""
    home, abroad = scene.branch.currency, scene.branch.foreign_currency
    old, new = _price(scene, cny, home), _price(scene, cny * (10_000 + _RAISE_BP) // 10_000, home)
    row = scene.rows.add(
        Product, born, code=code, name=name, category=scene.in_english(*_CATEGORIES[kind]), unit=scene.in_english(_UNITS[unit], unit),
        currency=home, list_price_minor=new, cost_minor=round_half_even(new * cost_percent, 100),
        search_key=search_key(name, code, length=400),
    )  # fmt: skip
    begins_on = scene.first - timedelta(days=1)
    dated = [
        DatedPrice(home, old, begins_on, raise_on - timedelta(days=1)),
        DatedPrice(home, new, raise_on),
        DatedPrice(abroad, _price(scene, cny, abroad), begins_on),
    ]
    if scene.until < raise_on:
        row["list_price_minor"] = old
        dated = [DatedPrice(home, old, begins_on), dated[2]]
    for price in dated:
        scene.rows.add(
            PriceItem, born, product_id=row["id"], currency=price.currency, price_minor=price.price_minor,
            from_on=price.from_on, until_on=price.until_on,
        )  # fmt: skip
    return Item(row, tuple(dated), cost_percent)


def _price(scene: Scene, cny: int, currency: str) -> int:
    """A CNY price in another currency at the rate of the first day, rounded as prices are."""
    rate = rate_e9("CNY", currency, Month.containing(scene.first))
    return scene.round_price(convert(cny * 100, "CNY", currency, rate), currency)
