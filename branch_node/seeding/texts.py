"""What people write in their records: sentences in Chinese and English with places for {firm}, {product}, {amount}."""

from collections.abc import Mapping, Sequence
from random import Random

Pair = tuple[str, str]
"""The Chinese and the English sentence."""


def sentence(language: str, pairs: Sequence[Pair], dice: Random, **places: str) -> str:
    """One of the sentences in the working language: Chinese for zh, English otherwise."""
    return dice.choice(pairs)[0 if language == "zh" else 1].format(**places)


ACTIVITY_SUBJECTS: Mapping[str, Sequence[Pair]] = {
    "call": (
        ("询问{product}的使用计划", "Asked about plans for {product}"),
        ("确认交货日期", "Confirmed the delivery date"),
        ("核对本月采购需求", "Went through this month's demand"),
        ("催问付款安排", "Asked when the payment will come"),
        ("解答技术参数问题", "Answered questions about the data sheet"),
        ("约定下周拜访时间", "Agreed a visit for next week"),
    ),
    "visit": (
        ("现场演示{product}", "Demonstrated {product} on site"),
        ("拜访采购负责人，了解年度预算", "Met the head of purchasing about the year's budget"),
        ("查看产线改造现场", "Looked at the line that is to be rebuilt"),
        ("商谈框架合同条款", "Discussed the terms of a frame contract"),
        ("了解竞争对手报价情况", "Learned what competitors offer"),
    ),
    "mail": (
        ("发送{product}样本和价格表", "Sent brochure and prices of {product}"),
        ("回复技术协议修改意见", "Answered the changes to the technical agreement"),
        ("发送到期款项对账单", "Sent the statement of open items"),
        ("发送选型建议", "Sent a proposal for sizing"),
    ),
    "message": (
        ("告知发货进度", "Told about the state of the shipment"),
        ("发送安装说明", "Sent the installation guide"),
        ("节日问候并询问近况", "Sent greetings and asked how things are"),
    ),
    "meeting": (
        ("技术方案评审会", "Review of the technical solution"),
        ("年度合作总结会", "Review of the year's cooperation"),
        ("项目启动会", "Kick-off of the project"),
    ),
}

RETURN_VISIT: Sequence[Pair] = (
    ("回访{product}使用情况", "Return visit: how {product} does"),
    ("回访：安装调试是否顺利", "Return visit: installation and start-up"),
    ("回访：对服务的意见", "Return visit: opinion about our service"),
)

ACTIVITY_NOTES: Sequence[Pair] = (
    ("对方对价格比较敏感，希望再优惠两个点。", "Sensitive to price; hopes for two more per cent."),
    ("技术部门认可方案，等采购立项。", "Engineering likes the solution; purchasing has to open the project."),
    ("本季度预算已用完，下季度再谈。", "This quarter's budget is used up; to be taken up next quarter."),
    ("交货期是关键，要求四周内到货。", "Delivery time decides: four weeks at most."),
    ("新任采购经理，需要重新建立关系。", "New purchasing manager; the relation has to be built again."),
    ("希望先小批量试用。", "Wants to try a small lot first."),
    ("设备运行稳定，客户满意。", "The machines run well; the customer is content."),
    ("竞争对手报价低约5%,但交期较长。", "A competitor is about 5% cheaper but delivers later."),
)

OUTCOMES: Sequence[tuple[str, int]] = (
    ("interested", 30), ("quote_wanted", 14), ("order_near", 10), ("no_need", 18), ("not_reached", 12), ("complaint", 3),
    ("", 13),
)  # fmt: skip
"""Codes of followups.rules.OUTCOMES and how often."""

PLAN_TEXTS: Mapping[str, Sequence[Pair]] = {
    "visit": (("拜访{firm}", "Visit {firm}"), ("到{firm}现场演示", "Demonstrate at {firm}")),
    "call": (("电话联系{firm}", "Call {firm}"), ("电话跟进{firm}报价", "Call {firm} about the quote")),
    "quote": (("给{firm}报价", "Quote for {firm}"), ("修改{firm}报价方案", "Rework the quote for {firm}")),
    "collect": (("催收{firm}货款", "Collect from {firm}"), ("与{firm}对账", "Reconcile with {firm}")),
    "order": (
        ("落实{firm}订单", "Close the order of {firm}"),
        ("确认{firm}订单条款", "Settle the terms with {firm}"),
    ),
}

OFFICE_ITEMS: Sequence[Pair] = (
    ("整理本周客户资料", "Tidy up this week's customer records"),
    ("参加部门例会", "Department meeting"),
    ("准备周报", "Prepare the weekly report"),
    ("检查发货清单", "Check the shipping list"),
    ("更新销售预测", "Update the forecast"),
    ("培训：新产品介绍", "Training: new products"),
    ("协调仓库备货", "Arrange stock with the warehouse"),
    ("审核下属日报", "Read the team's day reports"),
)
FINANCE_ITEMS: Sequence[Pair] = (
    ("登记银行到账", "Enter bank receipts"),
    ("核对应收账龄", "Check the ageing of receivables"),
    ("开具销项发票", "Issue invoices"),
    ("报销单据审核", "Check expense claims"),
    ("发送催款通知", "Send payment reminders"),
    ("编制付款计划", "Prepare the payment plan"),
    ("与客户对账", "Reconcile accounts with customers"),
)
RESULTS: Sequence[Pair] = (
    ("已完成", "Done"),
    ("对方同意下周给答复", "They will answer next week"),
    ("已发送资料", "Papers sent"),
    ("约好再次见面", "Met; next date agreed"),
)
CANCELLED: Sequence[Pair] = (
    ("客户临时改期", "The customer moved the date"),
    ("优先处理紧急事项", "Something urgent came first"),
)

TASKS: Sequence[Pair] = (
    ("跟进{firm}的扩建项目", "Follow up the extension at {firm}"),
    ("三天内给{firm}一份修改后的方案", "Send {firm} a reworked solution within three days"),
    ("了解{firm}为何减少采购", "Find out why {firm} buys less"),
    ("收回{firm}的逾期款", "Collect what {firm} owes past due"),
    ("安排{firm}参观工厂", "Arrange a factory visit for {firm}"),
    ("核对{firm}的收货地址和开票资料", "Check ship-to and invoice details of {firm}"),
)

FEEDBACK: Mapping[str, Sequence[tuple[Pair, Pair]]] = {
    "complaint": (
        (("到货包装破损", "Packaging damaged on arrival"), ("已安排补发，并向物流索赔。", "Replacement sent, claim filed with the carrier.")),
        (("交货比约定晚五天", "Delivered five days late"), ("已致歉，下批次提前备货。", "Apologised; the next lot is stocked ahead.")),
        (("电机运行噪音偏大", "Motor louder than promised"), ("工程师已上门调整联轴器。", "Engineer adjusted the coupling on site.")),
    ),
    "question": (
        (("询问变频器参数设置", "How to set the drive's parameters"), ("已发送操作手册并电话指导。", "Sent the manual and explained by phone.")),
        (("询问延保服务价格", "Price of the extended warranty"), ("已报价。", "Offer sent.")),
    ),
    "suggestion": (
        (("希望提供英文版样本", "Would like a shorter data sheet"), ("已转产品部。", "Passed on to the product team.")),
        (("建议增加分期付款方式", "Suggests payment in more instalments"), ("财务同意按项目审批。", "Finance agrees, project by project.")),
    ),
    "praise": (
        (("表扬安装人员专业负责", "Praise for the installation team"), ("已转达并通报表扬。", "Passed on to the team.")),
    ),
}  # fmt: skip

INDUSTRY_NOTES: Sequence[tuple[Pair, Pair]] = (
    (("铜价连续三周上涨", "Copper up for the third week"), ("电机成本预计上升约2%,建议提前锁价。", "Motor costs may rise by about 2%; better fix prices now.")),
    (("包装行业设备更新需求回升", "Packaging firms renew machines again"), ("多家客户提到明年上半年有更新计划。", "Several customers plan renewals in the first half-year.")),
    (("新能效标准征求意见", "New efficiency rules in consultation"), ("IE5电机占比可能加快提高。", "The share of IE5 motors may grow faster.")),
    (("本地物流园区二期开工", "Second phase of the logistics park begins"), ("预计需要输送线和传感器。", "Conveyors and sensors will be needed.")),
    (("港口拥堵导致进口件延期", "Port congestion delays imported parts"), ("编码器交期延长至六周。", "Encoders take six weeks now.")),
    (("行业展会观众数量增长", "More visitors at the trade fair"), ("伺服系统是关注焦点。", "Servo systems drew most interest.")),
)  # fmt: skip
COMPETITOR_NOTES: Sequence[tuple[Pair, Pair]] = (
    (("{rival}拿下{firm}的改造项目", "{rival} won the rebuild at {firm}"), ("价格低约8%,付款期九十天。", "About 8% cheaper, ninety days to pay.")),
    (("{rival}在本地增设服务点", "{rival} opens a local service point"), ("承诺四小时到现场。", "Promises to be on site within four hours.")),
    (("{rival}推出一体化伺服", "{rival} launches an integrated servo"), ("功率段与我司SM系列重叠。", "Overlaps with our SM series.")),
    (("{rival}向{firm}提供免费试用", "{rival} offers {firm} a free trial"), ("试用期两个月，需跟进。", "Two months of trial; to be followed.")),
)  # fmt: skip
RIVALS: Sequence[Pair] = (
    ("霄驰传动", "Skyrun Drives"), ("垒石自控", "Basestone Controls"), ("恺迅机电", "Kaivelo Motion"),
)  # fmt: skip
SOURCES: Sequence[Pair] = (
    ("客户透露", "Told by a customer"), ("展会", "Trade fair"), ("行业刊物", "Trade journal"), ("供应商", "Supplier"),
)  # fmt: skip

OPPORTUNITY_TITLES: Sequence[Pair] = (
    ("{firm}产线改造：{product}", "{firm}: line rebuild with {product}"),
    ("{firm}年度采购{product}", "{firm}: year's demand of {product}"),
    ("{firm}新厂项目", "{firm}: new plant"),
    ("{firm}设备更新", "{firm}: machine renewal"),
)

CANCEL_REASONS: Sequence[Pair] = (
    ("客户项目取消", "The customer's project was cancelled"),
    ("型号有误，另行下单", "Wrong model; ordered anew"),
)
REJECT_REASONS: Sequence[Pair] = (
    ("折扣过高，请重新报价", "Discount too high; quote again"),
    ("付款条件不符合规定", "Payment terms are outside the policy"),
)
DISPUTE_REASONS: Sequence[Pair] = (
    ("客户称数量短缺", "The customer says that pieces are missing"),
    ("客户对质量有异议", "The customer disputes the quality"),
    ("发票金额有争议", "The invoiced amount is disputed"),
)
CREDIT_REASONS: Sequence[Pair] = (
    ("运输损坏折让", "Allowance for damage in transit"),
    ("数量短缺折让", "Allowance for missing pieces"),
    ("延期交货补偿", "Compensation for late delivery"),
)
WRITE_OFF_REASONS: Sequence[Pair] = (
    ("尾款小额，经批准核销", "Small rest, written off with approval"),
    ("客户停业，无法收回", "The customer has closed down"),
)
REVERSE_REASONS: Sequence[Pair] = (
    ("支票退票", "The cheque bounced"),
    ("付款人弄错账户，已退回", "Paid to the wrong account and returned"),
)

EXPENSE_TEXTS: Mapping[str, Sequence[Pair]] = {
    "goods": (("采购货款", "Goods purchased"), ("进口件采购", "Imported parts"), ("委外加工费", "Work by subcontractors")),
    "salaries": (("本月工资及社保", "Salaries and social security"),),
    "rent": (("办公及仓库租金", "Office and warehouse rent"),),
    "travel": (("{city}出差差旅费", "Travel to {city}"), ("拜访客户交通费", "Fares for customer visits")),
    "entertainment": (("客户工作餐", "Working meal with a customer"), ("客户接待", "Reception of a customer")),
    "marketing": (("展会参展费", "Trade fair stand"), ("样本印刷", "Printing of brochures"), ("网络推广", "Online campaign")),
    "transport": (("发货运费", "Freight out"), ("加急空运", "Express air freight")),
    "office": (("办公用品", "Office supplies"), ("通讯及网络费", "Telephone and network"), ("水电费", "Power and water")),
}  # fmt: skip
