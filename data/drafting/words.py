"""Words of export headers and statuses, in the languages of shops that sell cash on delivery."""

import re
import unicodedata

from data.persons.text import folded, word_set


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
        "sale order code", "order code", "reference number", "invoice no", "pedido", "numero de pedido", "id pedido",
        "n pedido", "no pesanan", "nomor pesanan", "رقم الطلب", "commande", "numero de commande", "siparis no", "order num",
        "order item id", "number", "order reference", "reference no", "ref no", "client order id",
        "customer reference", "shop order no", "id pesanan", "kode pesanan", "no order", "numero pedido", "numero do pedido",
        "order hash", "talab number", "raqam talab", "sipariş numarası", "shipment reference", "order name", "n de pedido",
        "codigo pedido", "codigo de pedido", "orden", "numero de orden", "invoice", "bill no", "memo no", "order ref no", "ref",
    ),
    "placed_at": (
        "order date", "created at", "order created at", "booked", "placed at", "order time", "date created", "placed",
        "created", "order date time", "created date", "ordered on", "order placed on", "date", "fecha",
        "fecha de pedido", "fecha del pedido", "waktu pesanan dibuat", "tanggal pesanan", "تاريخ الطلب", "التاريخ",
        "date commande", "channel created at", "purchase date", "booking date", "invoice date", "order datetime",
        "date created gmt", "booking datetime", "booked on", "booking time", "order dt", "fecha creacion",
        "fecha de creacion", "creado", "creada", "criado", "dibuat", "data",
        "data do pedido", "data pedido", "data da compra", "tanggal", "tgl pesan", "tgl order", "tanggal order",
        "tarikh", "tareekh", "tarikh talab", "purchased at", "ordered at", "entry date", "doc date", "sale date",
        "transaction date", "checkout time", "timestamp", "order placed", "order placed at", "order placed date",
        "fecha y hora", "fecha hora", "fecha pedido", "fecha de compra", "fecha orden", "fecha venta", "fecha de venta",
    ),
    "amount_minor": (
        "order total", "total", "amount", "order amount", "invoice value", "collectable amount", "cod amount",
        "order value", "total amount", "total price", "grand total", "line total", "total a cobrar", "importe",
        "valor", "monto", "total pembayaran", "المبلغ", "الاجمالي", "السعر", "montant", "selling price", "total amount rs",
        "declared value", "order total amount", "declared val", "product value", "net amount", "bill amount", "gross amount",
        "collection amount", "nilai cod", "total harga", "nilai barang", "valor total", "valor do pedido", "valor declarado",
        "valor recaudo", "recaudo", "cash collection", "amount to collect", "raqam", "mablagh", "total payable",
        "amount payable", "payable amount", "net payable",
        "payable", "grand", "net total", "final amount", "final price", "bill total", "invoice total", "invoice amount",
        "cart total", "cart value", "order price", "valor pedido", "valor a recaudar", "monto total", "importe total",
        "total a pagar", "total pedido", "total del pedido", "total factura", "bill", "bill rs", "order bill", "total bill",
        "order sum", "price to pay", "اجمالي الطلب", "قيمة الطلب", "مبلغ التحصيل",
    ),
    "discount_minor": (
        "discount", "discount total", "discount amount", "descuento", "total diskon", "خصم", "remise",
        "coupon amount", "coupon discount", "promo discount", "potongan", "desconto", "voucher", "off", "less", "coupon",
    ),
    "shipping_fee_minor": (
        "shipping", "shipping total", "shipping charges", "shipping fee", "delivery fee", "delivery charges",
        "envio", "gastos de envio", "ongkos kirim", "perkiraan ongkos kirim", "الشحن", "سعر الشحن", "frais de port",
        "shipping amount", "freight", "frete", "flete", "valor flete", "costo envio", "costo de envio", "ongkir", "delivery",
    ),
    "payment_method": (
        "payment method", "payment mode", "payment method title", "payment", "payment type", "paid by", "pay mode",
        "cod", "metodo de pago", "forma de pago", "metode pembayaran", "طريقة الدفع", "mode de paiement",
        "cod prepaid", "pay method", "payment mode type", "pay type", "order type", "product type cod",
        "forma de pagamento", "metodo de pagamento", "medio pago", "medio de pago", "tipo de pago", "cara bayar",
        "jenis pembayaran", "pembayaran", "mop",
    ),
    "price_minor": (
        "price", "unit price", "item price", "product price", "lineitem price", "precio", "harga", "item cost",
        "mrp", "valor unitario", "precio unitario", "preco unitario", "harga satuan", "سعر الوحدة", "rate", "unit rate",
    ),
    "sku": (
        "sku", "product sku", "item sku", "channel sku", "master sku", "lineitem sku", "item sku code", "seller sku",
        "stock code", "articulo", "referencia", "kode produk", "رمز المنتج", "product id", "asin", "product code",
        "item code", "style code", "article no", "article", "article code", "design no", "item",
    ),
    "category": (
        "category", "product category", "product categories", "categoria", "kategori", "الفئة", "categorie",
        "item name", "product desc", "product description", "product name", "item description", "goods description",
        "content", "contents", "commodity", "department", "nama produk", "nama barang", "isi paket", "jenis barang",
        "descripcion", "producto", "produto", "contenido", "conteudo", "product", "cat", "items", "item", "dept", "group",
        "products", "product group", "item group", "stock group",
    ),
    "quantity": (
        "quantity", "qty", "pieces", "product quantity", "units", "cantidad", "jumlah", "total qty", "الكمية",
        "quantite", "item quantity", "lineitem quantity", "no of items", "pcs", "no of pieces", "nop", "nos",
        "pieces count", "no of units", "jml", "jumlah barang", "piezas", "unidades", "quantidade", "tadad", "cant", "cantid",
    ),
    "customer_id": (
        "customer id", "buyer id", "user id", "customer code", "id cliente", "client id", "username pembeli",
        "customer",
        "customer user", "customer no", "user no", "member id", "cust id", "cedula", "cedula cliente", "dni", "cnic",
        "documento", "documento cliente", "identificacion", "cpf", "nik", "national id", "الرقم القومي", "uid",
    ),
    "phone": (
        "phone", "mobile", "customer mobile", "customer phone", "billing phone", "shipping phone", "contact",
        "mobile number", "phone number", "contact number", "mobile no", "telefono", "celular", "whatsapp",
        "no telepon", "الهاتف", "رقم الهاتف", "الجوال", "رقم الجوال", "telephone", "mob no", "consignee contact",
        "shipping address phone", "consignee mobile", "consignee phone", "cell", "cell no", "consignee cell",
        "receiver phone", "receiver mobile", "recipient phone", "nomor hp", "no hp", "hp", "nomor telepon",
        "celular destinatario", "telefone", "movil", "raqam hatif", "mobile phone", "contact mobile",
    ),
    "email": (
        "email", "e mail", "customer email", "billing email", "correo", "correo electronico", "البريد الالكتروني",
        "البريد", "mail", "email address", "email id",
    ),
    "name": (
        "customer name", "name", "buyer name", "shipping name", "consignee name", "consignee", "nombre",
        "nombre del cliente", "cliente", "nama penerima", "اسم العميل", "الاسم", "nom", "recipient", "receiver name",
        "shipping address name", "grahak", "customer", "buyer", "receiver", "recipient name", "nama", "nama pembeli",
        "penerima", "destinatario", "nome", "nome do cliente", "nombre destinatario", "client name", "ship to name",
        "party name", "ism", "full name", "fullname",
    ),
    "line1": (
        "address", "address line 1", "address 1", "shipping address", "shipping address 1",
        "shipping address line 1", "customer address", "delivery address", "consignee address", "direccion",
        "direccion de envio", "alamat", "alamat pengiriman", "العنوان", "adresse", "pata", "shipping address1",
        "billing address 1", "address1", "addr", "address line", "full address", "complete address", "line1", "line 1",
        "consignee addr", "receiver address", "recipient address", "ship to address", "alamat penerima",
        "alamat lengkap", "endereco", "direccion destinatario", "unwan", "street", "street address", "thikana", "tikana",
    ),
    "line2": (
        "address line 2", "address 2", "shipping address 2", "shipping address line 2", "shipping address2",
        "address2", "billing address 2", "locality", "area", "address line two", "line2", "line 2", "kelurahan", "barrio",
        "bairro", "colonia",
    ),
    "landmark": ("landmark", "nearby landmark", "near", "referencias"),
    "city": (
        "city", "shipping city", "customer city", "ship city", "destination city", "billing city", "ciudad", "kota",
        "المدينة", "ville", "shahar", "town", "shipping address city", "consignee city", "dest city", "dest",
        "destination", "receiver city", "to city", "delivery city", "kota tujuan", "tujuan", "cidade",
        "ciudad destino", "medina", "sehir",
    ),
    "district": (
        "district", "kota kabupaten", "kabupaten", "distrito", "municipio", "zilla", "jila", "comuna", "delegation",
        "kecamatan", "dist", "thana", "tehsil",
    ),
    "state": (
        "state", "shipping state", "customer state", "ship state", "province", "billing state", "shipping province",
        "provincia", "provinsi", "estado", "estado destino", "departamento", "المحافظة", "المنطقة", "region",
        "rajya", "gouvernorat", "wilaya", "dest state", "destination state", "consignee state", "receiver state",
        "uf", "emirate", "governorate", "muhafaza", "provinsi tujuan",
    ),
    "pincode": (
        "pincode", "pin code", "pin", "zip", "zip code", "postal code", "postcode", "ship postal code",
        "customer pincode", "shipping zip", "shipping pincode", "shipping postcode", "billing postcode",
        "destination pincode", "codigo postal", "cp", "kode pos", "الرمز البريدي", "code postal", "delivery pincode",
        "consignee pincode", "dest pin", "destination pin", "dest pincode", "consignee pin", "pin no",
        "receiver pincode", "postal", "zipcode", "cep", "kodepos", "kode pos penerima", "ship to zip",
    ),
    "country": (
        "country", "shipping country", "ship country", "billing country", "pais", "negara", "الدولة", "pays",
        "country code",
    ),
    "currency": ("currency", "currency code", "moneda", "mata uang", "العملة", "devise"),
    "channel": (
        "channel", "sales channel", "source", "order source", "store", "canal", "المصدر", "marketplace",
        "channel name", "user agent", "platform", "sales source", "order channel", "order platform", "device type",
        "origen", "origem", "sumber",
    ),
    "origin_pincode": (
        "origin pincode", "pickup pincode", "warehouse pincode", "seller pincode", "pickup address pincode", "from pincode",
        "from zip", "from pin",
    ),
    "promised_at": (
        "promised date", "promised delivery date", "edd", "expected delivery date", "estimated delivery date",
        "promise date", "deliver by", "due date",
    ),
    "campaign": (
        "campaign", "utm campaign", "campana", "utm source", "utm medium",
    ),
    "merchant_id": (
        "shipper", "merchant", "merchant name", "seller", "seller name", "vendor", "brand", "shipper name", "client",
        "account", "account name", "store", "store name", "shop", "warehouse name", "pengirim", "nama toko", "toko",
        "remitente", "remetente", "tienda", "loja", "company",
    ),
    "device_id": ("device id", "device", "dev"),
    "ip": ("ip", "ip address", "customer ip", "customer ip address"),
}  # fmt: skip
_SPELLINGS = {
    "no": "number", "num": "number", "nbr": "number", "nr": "number", "hash": "number", "amt": "amount",
    "qty": "quantity",
    "pcs": "pieces", "addr": "address", "add": "address", "cust": "customer", "dt": "date", "datetime": "date time",
    "dest": "destination", "ship": "shipping", "mob": "mobile", "ph": "phone", "tel": "phone", "desc": "description",
    "wt": "weight", "frt": "freight", "decl": "declared", "bkg": "booking", "bkng": "booking", "rmks": "remarks",
    "pmt": "payment", "pymt": "payment", "cnee": "consignee", "consg": "consignment", "ref": "reference",
    "val": "value", "postcode": "pincode", "zipcode": "zip", "colour": "color", "stat": "status", "ordr": "order",
    "ord": "order",
    "totals": "total", "amounts": "amount", "prices": "price", "amnt": "amount", "charges": "charge", "fees": "fee",
    "tgl": "tanggal", "nomor": "number", "numero": "number", "nro": "number", "txn": "transaction", "dlv": "delivery",
}  # fmt: skip


def headed(name: str) -> str:
    """A header as words in one spelling: what is commonly shortened is written out.

    >>> headed("Dest_PIN"), headed("COD Amt.")
    ('destination pin', 'cod amount')
    """
    return " ".join(_SPELLINGS.get(word, word) for word in spoken(name.replace("#", " no ")).split())


ROLES = {role: tuple(dict.fromkeys(map(headed, phrases))) for role, phrases in _ROLES.items()}
"""Column of the contract -> phrases that a header may be, as `headed`."""

_MINOR = frozenset(spoken("paise paisa cents cent minor kobo fils piastres centavos centimos kurus").split())
_MONEY = frozenset(
    spoken("rs inr rupees pkr bdt tk taka npr lkr usd aed sar egp php vnd idr rp myr rm cop mxn").split()
)


def without_minor(head: str) -> str:
    """A header without the word that names hundredths of money; one that has no other word stays.

    >>> without_minor("grand total paise")
    'grand total'
    """
    return " ".join(word for word in head.split() if word not in _MINOR) or head


def without_money(head: str) -> str:
    """A header without the words that name a currency or its hundredths; one that has no other word stays.

    >>> without_money("payable tk"), without_money("rs")
    ('payable', 'rs')
    """
    return " ".join(word for word in without_minor(head).split() if word not in _MONEY) or head


_PERSONAL = ("name", "phone", "email", "line1", "line2", "landmark", "customer_id")
PERSONAL_HEADS = frozenset(
    p for role in _PERSONAL for p in ROLES[role] if not set(p.split()) & {"area", "near", "locality"}
) | word_set("consignee customer buyer recipient receiver aadhaar aadhar nit rut curp ktp passport pasaporte iban")
"""Phrases of headers whose cells are somebody's: they are shown masked."""
PERSONAL_WORDS = frozenset(word for phrase in PERSONAL_HEADS for word in phrase.split()) - {"number", "id", "code"}

ROW_NUMBERS = tuple(map(headed, (
    "awb", "awb no", "awb number", "awb code", "cn no", "cn", "cn number", "consignment no", "consignment", "waybill",
    "waybill no", "docket", "docket no", "tracking no", "tracking number", "tracking id", "shipment id", "shipment no",
    "no resi", "resi", "nomor resi", "guia", "numero de guia", "rastreio", "codigo de rastreo", "parcel no", "id",
    "ref",
)))  # fmt: skip
"""Headers of a courier's own number: an order's only number where the shop's own is not told."""

BESIDE = frozenset(headed(
    "billing shipping ship consignee customer cust buyer receiver recipient destination delivery item product line lineitem "
    "order total full name value to of the id number no de del do da destinatario penerima cliente inr rs usd idr pkr aed sar "
    "in local first reference primary time title text code"
).split())  # fmt: skip
"""Words beside a phrase that change little of what it means."""
