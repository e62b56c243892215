"""Words and codes of statuses, payments and reasons, in the languages of shops that sell cash on delivery."""

from data.contract import NewsType
from data.drafting.words import spoken
from data.persons.text import word_set

STATUS_HEADS = tuple(map(spoken, (
    "status", "order status", "shipment status", "current status", "delivery status", "estado",
    "estado del pedido", "estatus",
    "status pesanan", "الحالة", "حالة الطلب", "statut", "durum", "state of order", "reason for credit entry",
    "courier status",
    "tracking status", "awb status", "current shipment status", "tags", "fulfillment status", "status code", "scan code",
    "last scan", "situacao", "situacion", "keterangan status", "halat", "remark code", "event code", "shipment state",
)))  # fmt: skip

COD_WORDS = frozenset(map(spoken, (
    "cod", "cash on delivery", "cash", "contra entrega", "contraentrega", "contrareembolso",
    "contra reembolso", "pago contra",
    "bayar di tempat", "pay on delivery", "الدفع عند الاستلام", "عند الاستلام", "كاش",
    "paiement a la livraison", "postpaid", "to pay",
    "kapida odeme", "pod", "efectivo", "nakit", "cashondelivery", "cash_on_delivery",
)))  # fmt: skip

PAID_WORDS = frozenset(map(spoken, (
    "card", "jazzcash", "jazz cash", "easypaisa", "bkash", "gcash", "paytm", "upi", "wallet", "online", "paypal",
    "prepaid", "net banking", "bank transfer", "debit", "credit", "tarjeta", "transferencia", "cash free", "cashfree",
)))  # fmt: skip
"""Names of ways to pay before, some of which have `cash` in them."""
AT_DOOR = (" delivery ", " entrega ", " livraison ", " door ", " cod ")
"""Words that make cash of a way to pay all the same: `card on delivery`."""

PAID_STATES = word_set("paid unpaid pending authorized refunded voided expired free") | frozenset(map(spoken, (
    "partially paid", "partially refunded", "payment pending", "not paid", "due",
)))  # fmt: skip
"""Words of a column that tells whether an order is paid: they say nothing of the parcel."""
SENT = frozenset(
    map(spoken, ("fulfilled", "partially fulfilled", "shipped", "dispatched", "enviado", "dikirim", "expedie"))
)
"""Words that a parcel left: what became of it they do not say."""

LEFT = SENT - {"fulfilled", "partially fulfilled"} | frozenset(map(spoken, (
    "in transit", "out for delivery", "on the way", "on its way", "en camino", "en reparto", "en transito", "en ruta",
    "arrived at", "with rider", "with delivery agent", "en bodega destino", "with courier",
    "قيد التوصيل", "في الطريق", "dalam pengiriman",
    "en cours de livraison", "picked up", "تم الشحن", "kargoda", "int", "it", "itr", "intrn", "intransit", "ofd", "shp", "shpd",
    "dsp", "disp", "arr", "dep", "rch", "rad", "hub",
)))  # fmt: skip
"""Words of a parcel that is with the courier: nothing can be done about it any more."""

RETURN_BEGUN = word_set("initiated process progress transit pending started begun requested created way")
"""Words of a return that is not over yet."""
OPEN = ""
AMBIGUOUS_RETURN = "return?"
ATTEMPT = NewsType.ATTEMPT_FAILED.name.lower()

_STATUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rto_received", (
        "rto-delivered", "rto-received", "rto-complete", "rto-acknowledged", "returned to warehouse",
        "devuelto en bodega", "devuelto a bodega", "returned to shipper warehouse", "return received",
    )),
    ("rto_started", (
        "rto", "return to origin", "returned to origin", "returned to seller", "returning to seller",
        "return to seller",
        "return to shipper", "returned to shipper", "returned to sender", "return to sender",
        "rejected by buyer", "refused",
        "refused at door", "customer refused", "devuelto al remitente", "devolucion al remitente", "rechazado", "rehusado",
        "no recibido",
        "pengiriman gagal", "gagal kirim", "رفض", "مرفوض", "راجع", "مرتجع الى الشركة", "refuse",
        "retour expediteur", "iade kargo",
        "delivery failed", "failed delivery", "no entregado devuelto", "wapas", "en devolucion", "being return",
        "being returned",
        "return in process", "return in transit", "ready for return", "return to vendor", "returned to vendor", "devolviendo",
        "retorno al remitente", "retornado", "تم الارجاع للشاحن", "مرتجع للراسل", "مرتجع الى الراسل",
    )),
    (ATTEMPT, (
        "undelivered", "delivery attempt failed", "attempt failed", "delivery attempted", "attempted", "ndr",
        "not delivered", "no entregado",
        "customer not available",
        "لم يتم التسليم", "intento fallido", "customer unreachable", "no response", "لا يرد", "novedad", "novedad en entrega",
        "intento de entrega",
    )),
    ("cancelled", (
        "cancelled", "canceled", "cancel", "annulled", "cancelado", "cancelada", "anulado", "batal", "dibatalkan", "ملغي",
        "ملغى", "ملغية", "الغاء",
        "annule", "annulee", "iptal", "batil", "failed", "payment failed", "void", "voided", "expired", "radd",
        "order cancelled",
    )),
    ("lost", (
        "lost", "damaged", "destroyed", "perdido", "siniestrado", "siniestro", "hurtado", "extraviado", "hilang", "مفقود",
        "تالف", "perdu", "missing", "harano",
    )),
    (AMBIGUOUS_RETURN, (
        "returned", "return", "devuelto", "devolucion", "retur", "مرتجع", "retourne", "retour", "iade",
        "refunded", "reembolsado",
        "exchange", "customer return",
    )),
    (OPEN, (
        "in transit", "out for delivery", "on the way", "on its way", "en camino", "en reparto", "en transito", "en ruta",
        "assigned to courier", "assign to courier", "arrived at", "with rider", "with delivery agent", "courier e",
        "en bodega destino", "with courier",
        "shipping",
        "pending delivery", "قيد التوصيل", "في الطريق", "dalam pengiriman", "en cours de livraison",
    )),
    ("delivered", (
        "delivered", "delivered to buyer", "complete", "completed", "entregado", "entregada", "selesai",
        "terkirim", "تم التسليم", "تم التوصيل",
        "مكتمل", "livre", "livree", "teslim edildi", "mil gaya", "done", "received by customer",
    )),
    (OPEN, (
        "shipped", "dispatched", "pending", "processing", "new", "confirmed", "packed", "manifested", "pickup",
        "picked up",
        "ready to ship", "on hold", "hold", "created", "invoiced", "booked", "open", "enviado", "pendiente",
        "confirmado", "procesando",
        "dikirim", "diproses", "قيد", "جديد", "مؤكد", "معلق", "تم الشحن", "expedie", "en attente", "kargoda",
        "placed", "unfulfilled",
        "fulfilled", "partially fulfilled", "partial", "awb assigned", "label generated", "preparado",
        "en preparacion", "checkout draft",
    )),
)  # fmt: skip
STATUSES = tuple((news, tuple(dict.fromkeys(map(spoken, phrases)))) for news, phrases in _STATUSES)
"""News that a status stands for -> phrases; the first phrase found as whole words decides."""


CODES: dict[str, str] = {
    code: news
    for news, codes in {
        "delivered": "dlv dlvd del dl dld ok dlvrd delvd deli pod",
        "rto_started": "rts rt rtn rti ri rtsi rtoi rto-i rto-ip rto-it rts-init rto-init rto-int "
        "rto-initiated rto-in-transit rts-it ret-init rto-ofd rto-ni r2s rto",
        "rto_received": "rto-d rto-del rto-dlv rto-dl rtod rts-d rts-dlv rto-rcvd rts-rcvd rto-rec rto-ack rtoc",
        "attempt_failed": "und ud udl undel ndr na ni ofd-f fa nd dex failedattempt",
        "lost": "lst lt dmg dst",
        "cancelled": "can cncl cnl cxl cn canc void",
        "return?": "dto rvp ret",
        "": "new bkd bkg int it itr intrn intransit ofd pkp pkd pku pud pup pick ofp man mnf mft rdy rts-pending shp shpd dsp "
        "disp oh hld hold hub arr dep rch rad pen pnd cre conf ip pp pnp",
    }.items()
    for code in map(spoken, codes.split())
}
"""News that a courier's short code stands for: the whole cell must be the code."""

_REASONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("no_attempt", (
        "no se alcanzo a visitar", "no visitado", "sin visita", "missroute",
        "no attempt", "not attempted", "misroute", "misrouted", "courier delay", "vehicle breakdown", "operational",
        "no_attempt", "out of delivery area", "oda", "not serviceable", "non serviceable", "weather", "strike",
    )),
    ("damaged", ("damaged", "damage", "broken", "bhanga", "nosto", "rusak", "danado", "averiado", "averiada", "leakage", "torn")),
    ("fake_or_no_intent", (
        "fake", "not ordered", "did not order", "no intent", "fake_or_no_intent", "prank", "duplicate order", "never ordered",
        "no solicitado", "no haber pedido", "no hizo pedido", "no pidio", "no order placed", "tidak memesan",
        "customer denies order", "order kore nai", "order koreni",
    )),
    ("bad_address", (
        "bad address", "bad_address", "incomplete address", "wrong address", "address not found", "incorrect address",
        "address issue", "address", "wrong pincode", "shifted",
        "direccion", "endereco", "alamat", "consignee shifted", "pata galat", "thikana bhul", "bhul thikana",
    )),
    ("refused", (
        "refused", "rejected", "refuse", "rechaza", "rechazo", "rehusa", "rehusado", "rechazado", "recusado", "ditolak",
        "menolak",
        "cancelled by customer", "customer refused",
        "reject", "buyer rejected", "nite chay na", "nebe na", "lene se mana", "not interested", "does not want",
        "inkar", "no cash", "no money", "cod not ready",
    )),
    ("unreachable", (
        "unreachable", "not available", "not reachable", "no response", "no answer", "phone off", "switched off",
        "door locked",
        "premises closed", "unavailable", "ausente", "tidak ada", "tidak bisa dihubungi", "not responding", "not contactable",
        "dhore na", "dhoreni", "mobile off", "phone bandh", "out of station", "closed", "office closed",
        "no contesta", "future delivery", "reschedule", "rescheduled",
    )),
    ("other", ("other", "others", "misc")),
)  # fmt: skip
REASONS = tuple((reason, tuple(dict.fromkeys(map(spoken, phrases)))) for reason, phrases in _REASONS)
"""Why a delivery failed -> phrases; the first phrase found as whole words decides."""

REASON_HEADS = tuple(map(spoken, (
    "reason", "ndr reason", "rto-reason", "remarks", "remark", "motivo", "alasan", "causa", "return reason", "failure reason",
    "undelivered reason", "novedad", "keterangan", "comment", "السبب", "observacion", "ndr remark", "ndr", "karon", "karan",
)))  # fmt: skip

WAYS_IN = word_set(
    "web website app android ios mobile desktop phone call whatsapp instagram facebook marketplace store pos amazon flipkart "
    "shopify woocommerce organic mobile-app m-site msite pwa online offline tokopedia shopee"
)
"""Cells of a column that tells where orders were placed."""

COLLECTED = word_set("cod collection collectable collect recaudo tagihan contraentrega")
"""Words of a header of what the courier is to collect: 0 where the buyer has paid."""

LATE_WORDS = frozenset(
    spoken(
        """
        status courier carrier awb tracking shipped dispatched dispatch delivered RTO return returned
        returning cancel cancelled cancellation canceled refund refunded ndr attempt attempts remark
        remarks reason pickup picked settlement payout remittance fulfilled fulfillment fulfilment paid
        closed completed undelivered manifested charged freight transportadora guia entrega entregado
        devuelto motivo pembatalan alasan dikirim ekspedisi resi kurir الحالة حالة شركة التتبع livraison
        statut transporteur updated modified actualizacion تحديث latest zone
        """
    ).split()
)
"""Words that name what is known only later: columns with one of them never become columns of an order."""
