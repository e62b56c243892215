"""Words of export headers and statuses, in the languages of shops that sell cash on delivery."""

import re
import unicodedata

from data.contract import NewsType
from data.text import folded


def spoken(text: str) -> str:
    """Words alone, in one spelling without accents: `Order-ID`, `orderId` and `order_id` are one.

    >>> spoken("Código_Postal"), spoken("orderId")
    ('codigo postal', 'order id')
    """
    parted = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    bare = "".join(c for c in unicodedata.normalize("NFD", parted) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


_ROLES: dict[str, tuple[str, ...]] = {
    "order_id": (
        "order id", "order no", "order number", "sub order no", "order", "order ref", "channel order id",
        "sale order code",
        "order code", "reference number", "invoice no", "pedido", "numero de pedido", "id pedido", "n pedido",
        "no pesanan",
        "nomor pesanan", "رقم الطلب", "commande", "numero de commande", "siparis no", "order num",
        "order item id", "number",
    ),
    "placed_at": (
        "order date", "created at", "order created at", "placed at", "order time", "date created", "placed",
        "created",
        "order date time", "created date", "ordered on", "order placed on", "date", "fecha", "fecha de pedido",
        "fecha del pedido", "waktu pesanan dibuat", "tanggal pesanan", "تاريخ الطلب", "التاريخ",
        "date commande", "channel created at",
        "purchase date", "booking date", "invoice date", "order datetime", "date created gmt",
    ),
    "amount_minor": (
        "order total", "total", "amount", "order amount", "invoice value", "collectable amount", "cod amount",
        "order value",
        "total amount", "total price", "grand total", "line total", "total a cobrar", "importe", "valor", "monto",
        "total pembayaran", "المبلغ", "الاجمالي", "السعر", "montant", "selling price", "total amount rs",
        "declared value",
    ),
    "discount_minor": (
        "discount", "discount total", "discount amount", "descuento", "total diskon", "خصم", "remise",
        "coupon amount",
    ),
    "shipping_fee_minor": (
        "shipping", "shipping total", "shipping charges", "shipping fee", "delivery fee", "delivery charges", "envio",
        "gastos de envio", "ongkos kirim", "perkiraan ongkos kirim", "الشحن", "سعر الشحن", "frais de port",
        "shipping amount",
    ),
    "payment_method": (
        "payment method", "payment mode", "payment method title", "payment", "payment type", "paid by",
        "pay mode", "cod",
        "metodo de pago", "forma de pago", "metode pembayaran", "طريقة الدفع", "mode de paiement",
        "cod prepaid", "pay method",
    ),
    "price_minor": (
        "price", "unit price", "item price", "product price", "lineitem price", "precio", "harga", "item cost",
        "mrp",
    ),
    "sku": (
        "sku", "product sku", "item sku", "channel sku", "master sku", "lineitem sku", "item sku code", "seller sku",
        "stock code", "articulo", "referencia", "kode produk", "رمز المنتج", "product id", "asin", "product code",
    ),
    "category": ("category", "product category", "product categories", "categoria", "kategori", "الفئة", "categorie"),
    "quantity": (
        "quantity", "qty", "pieces", "product quantity", "units", "cantidad", "jumlah", "total qty", "الكمية",
        "quantite", "item quantity",
        "lineitem quantity", "no of items",
    ),
    "customer_id": (
        "customer id", "buyer id", "user id", "customer code", "id cliente", "client id", "username pembeli",
        "customer user",
    ),
    "phone": (
        "phone", "mobile", "customer mobile", "customer phone", "billing phone", "shipping phone", "contact",
        "mobile number",
        "phone number", "contact number", "mobile no", "telefono", "celular", "whatsapp", "no telepon",
        "الهاتف", "رقم الهاتف", "الجوال",
        "رقم الجوال", "telephone", "mob no", "consignee contact", "shipping address phone",
    ),
    "email": (
        "email", "e mail", "customer email", "billing email", "correo", "correo electronico",
        "البريد الالكتروني", "البريد",
    ),
    "name": (
        "customer name", "name", "buyer name", "shipping name", "consignee name", "consignee", "nombre",
        "nombre del cliente", "cliente",
        "nama penerima", "اسم العميل", "الاسم", "nom", "recipient", "receiver name", "shipping address name",
        "grahak",
    ),
    "line1": (
        "address", "address line 1", "address 1", "shipping address", "shipping address 1", "shipping address line 1",
        "customer address", "delivery address", "consignee address", "direccion", "direccion de envio", "alamat",
        "alamat pengiriman", "العنوان", "adresse", "pata", "shipping address1", "billing address 1", "address1",
    ),
    "line2": (
        "address line 2", "address 2", "shipping address 2", "shipping address line 2", "shipping address2",
        "address2", "billing address 2",
    ),
    "landmark": ("landmark", "nearby landmark", "near", "referencias"),
    "city": (
        "city", "shipping city", "customer city", "ship city", "destination city", "billing city", "ciudad",
        "kota", "المدينة", "ville",
        "shahar", "town", "shipping address city", "consignee city",
    ),
    "district": (
        "district", "kota kabupaten", "kabupaten", "distrito", "municipio", "zilla", "jila", "comuna",
        "delegation",
    ),
    "state": (
        "state", "shipping state", "customer state", "ship state", "province", "billing state",
        "shipping province", "provincia",
        "provinsi", "estado", "estado destino", "departamento", "المحافظة", "المنطقة", "region", "rajya", "gouvernorat",
        "wilaya",
    ),
    "pincode": (
        "pincode", "pin code", "pin", "zip", "zip code", "postal code", "postcode", "ship postal code",
        "customer pincode",
        "shipping zip", "shipping pincode", "shipping postcode", "billing postcode", "destination pincode",
        "codigo postal", "cp",
        "kode pos", "الرمز البريدي", "code postal", "delivery pincode", "consignee pincode",
    ),
    "country": (
        "country", "shipping country", "ship country", "billing country", "pais", "negara", "الدولة", "pays",
        "country code",
    ),
    "currency": ("currency", "currency code", "moneda", "mata uang", "العملة", "devise"),
    "channel": (
        "channel", "sales channel", "source", "order source", "store", "canal", "المصدر", "marketplace",
        "channel name",
    ),
    "origin_pincode": (
        "origin pincode", "pickup pincode", "warehouse pincode", "seller pincode", "pickup address pincode",
    ),
    "promised_at": (
        "promised date", "promised delivery date", "edd", "expected delivery date", "estimated delivery date",
    ),
    "campaign": ("campaign", "utm campaign", "campana", "utm source"),
    "device_id": ("device id", "device"),
    "ip": ("ip", "ip address", "customer ip", "customer ip address"),
}  # fmt: skip
ROLES = {role: tuple(dict.fromkeys(map(spoken, phrases))) for role, phrases in _ROLES.items()}
"""Column of the contract -> phrases that a header may be, as `spoken`."""

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

STATUS_HEADS = tuple(map(spoken, (
    "status", "order status", "shipment status", "current status", "delivery status", "estado",
    "estado del pedido", "estatus",
    "status pesanan", "الحالة", "حالة الطلب", "statut", "durum", "state of order", "reason for credit entry",
    "courier status",
    "tracking status", "awb status", "current shipment status", "tags", "fulfillment status",
)))  # fmt: skip

COD_WORDS = frozenset(map(spoken, (
    "cod", "cash on delivery", "cash", "contra entrega", "contraentrega", "contrareembolso",
    "contra reembolso", "pago contra",
    "bayar di tempat", "pay on delivery", "الدفع عند الاستلام", "عند الاستلام", "كاش",
    "paiement a la livraison", "postpaid", "to pay",
    "kapida odeme", "pod", "efectivo", "nakit", "cashondelivery", "cash_on_delivery",
)))  # fmt: skip

OPEN = ""
AMBIGUOUS_RETURN = "return?"
ATTEMPT = NewsType.ATTEMPT_FAILED.name.lower()

_STATUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rto_received", (
        "rto-delivered", "rto-received", "rto-complete", "rto-acknowledged", "returned to warehouse",
        "devuelto en bodega",
    )),
    ("rto_started", (
        "rto", "return to origin", "returned to origin", "returned to seller", "returning to seller",
        "return to seller",
        "return to shipper", "returned to shipper", "returned to sender", "return to sender",
        "rejected by buyer", "refused",
        "customer refused", "devuelto al remitente", "devolucion al remitente", "rechazado", "rehusado",
        "no recibido",
        "pengiriman gagal", "gagal kirim", "رفض", "مرفوض", "راجع", "مرتجع الى الشركة", "refuse",
        "retour expediteur", "iade kargo",
        "delivery failed", "failed delivery", "no entregado devuelto", "wapas",
    )),
    (ATTEMPT, (
        "undelivered", "delivery attempt failed", "attempt failed", "ndr", "not delivered", "no entregado",
        "customer not available",
        "لم يتم التسليم", "intento fallido", "customer unreachable", "no response", "لا يرد",
    )),
    ("cancelled", (
        "cancelled", "canceled", "cancel", "cancelado", "cancelada", "anulado", "batal", "dibatalkan", "ملغي",
        "ملغى", "ملغية", "الغاء",
        "annule", "annulee", "iptal", "failed", "payment failed", "void", "voided", "expired", "radd",
        "order cancelled",
    )),
    ("lost", (
        "lost", "damaged", "destroyed", "perdido", "extraviado", "hilang", "مفقود", "تالف", "perdu", "missing",
    )),
    (AMBIGUOUS_RETURN, (
        "returned", "return", "devuelto", "devolucion", "retur", "مرتجع", "retourne", "retour", "iade",
        "refunded", "reembolsado",
        "exchange", "customer return",
    )),
    (OPEN, (
        "in transit", "out for delivery", "on the way", "on its way", "en camino", "en reparto", "en transito",
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
        "fulfilled", "awb assigned", "label generated", "preparado", "en preparacion", "checkout draft",
    )),
)  # fmt: skip
STATUSES = tuple((news, tuple(dict.fromkeys(map(spoken, phrases)))) for news, phrases in _STATUSES)
"""News that a status stands for -> phrases; the first phrase found as whole words decides."""

PLACES = {
    "IN": (
        "Asia/Kolkata", "INR"), "ID": ("Asia/Jakarta", "IDR"), "PK": ("Asia/Karachi", "PKR"),
        "BD": ("Asia/Dhaka", "BDT",
    ),
    "AE": (
        "Asia/Dubai", "AED"), "SA": ("Asia/Riyadh", "SAR"), "EG": ("Africa/Cairo", "EGP"),
        "MA": ("Africa/Casablanca", "MAD",
    ),
    "DZ": (
        "Africa/Algiers", "DZD"), "TN": ("Africa/Tunis", "TND"), "JO": ("Asia/Amman", "JOD"),
        "IQ": ("Asia/Baghdad", "IQD",
    ),
    "KW": (
        "Asia/Kuwait", "KWD"), "CO": ("America/Bogota", "COP"), "MX": ("America/Mexico_City", "MXN"),
        "PE": ("America/Lima", "PEN",
    ),
    "EC": (
        "America/Guayaquil", "USD"), "CL": ("America/Santiago", "CLP"), "ES": ("Europe/Madrid", "EUR"),
        "IT": ("Europe/Rome", "EUR",
    ),
    "RO": (
        "Europe/Bucharest", "RON"), "TR": ("Europe/Istanbul", "TRY"), "VN": ("Asia/Ho_Chi_Minh", "VND"),
        "TH": ("Asia/Bangkok", "THB",
    ),
    "PH": (
        "Asia/Manila", "PHP"), "MY": ("Asia/Kuala_Lumpur", "MYR"), "NG": ("Africa/Lagos", "NGN"),
        "GB": ("Europe/London", "GBP",
    ),
    "US": ("America/New_York", "USD"), "LK": ("Asia/Colombo", "LKR"), "NP": ("Asia/Kathmandu", "NPR"),
}  # fmt: skip
"""Country -> time zone and currency of a shop there."""

SIGNS = {"₹": "INR", "€": "EUR", "£": "GBP", "₨": "PKR", "₺": "TRY", "₫": "VND", "฿": "THB", "₱": "PHP", "৳": "BDT"}
"""Signs that stand for one currency alone."""

COUNTRY_WORDS = {
    "india": "IN", "indonesia": "ID", "pakistan": "PK", "bangladesh": "BD", "colombia": "CO", "mexico": "MX",
    "méxico": "MX", "peru": "PE",
    "perú": "PE", "españa": "ES", "spain": "ES", "egypt": "EG", "مصر": "EG", "السعودية": "SA",
    "saudi arabia": "SA", "الإمارات": "AE",
    "united arab emirates": "AE", "المغرب": "MA", "maroc": "MA", "morocco": "MA", "chile": "CL",
    "ecuador": "EC", "الجزائر": "DZ",
    "algerie": "DZ", "tunisie": "TN", "العراق": "IQ", "الأردن": "JO", "الكويت": "KW", "turkiye": "TR",
    "united kingdom": "GB",
}  # fmt: skip
