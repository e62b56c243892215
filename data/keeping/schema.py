"""The tables of a pool, in the words of SQLite; `data/keeping/postgres_words.py` says the same to a server."""

_SCHEMA = """
CREATE TABLE pseudonyms (
  pseudonym INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, token BLOB NOT NULL, UNIQUE (kind, token)
);
CREATE TABLE orders (
  merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, placed_at INTEGER NOT NULL, origin TEXT NOT NULL,
  columns TEXT NOT NULL, PRIMARY KEY (merchant_id, order_id)
) WITHOUT ROWID;
CREATE TABLE news (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, source TEXT NOT NULL,
  event_id TEXT NOT NULL, type TEXT NOT NULL, happened_at INTEGER NOT NULL, known_at INTEGER NOT NULL,
  reason TEXT, details TEXT, origin TEXT NOT NULL, UNIQUE (merchant_id, source, event_id)
);
CREATE INDEX news_of_order ON news (merchant_id, order_id);
CREATE INDEX orders_by_time ON orders (merchant_id, placed_at);
CREATE TABLE decisions (
  decision_id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, order_id TEXT, checkout_id TEXT,
  scored_at INTEGER NOT NULL, folded_through INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX decisions_of_merchant ON decisions (merchant_id, scored_at);
CREATE TABLE state (kind TEXT NOT NULL, key TEXT NOT NULL, folded BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TRIGGER news_is_append_only BEFORE UPDATE ON news WHEN OLD.origin = 'live'
  BEGIN SELECT RAISE(ABORT, 'news is append-only'); END;
CREATE TRIGGER live_news_stays BEFORE DELETE ON news WHEN OLD.origin = 'live'
  BEGIN SELECT RAISE(ABORT, 'news is append-only'); END;
CREATE TRIGGER orders_are_immutable BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'orders are immutable'); END;
CREATE TRIGGER decisions_are_immutable BEFORE UPDATE ON decisions
  BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
"""
_CHECKOUTS = """
CREATE TABLE checkouts (
  merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, checkout_id TEXT NOT NULL, PRIMARY KEY (merchant_id, order_id)
) WITHOUT ROWID;
CREATE INDEX orders_of_checkout ON checkouts (merchant_id, checkout_id);
CREATE INDEX decisions_of_checkout ON decisions (merchant_id, checkout_id) WHERE checkout_id IS NOT NULL;
CREATE INDEX decisions_of_order ON decisions (merchant_id, order_id) WHERE order_id IS NOT NULL;
CREATE TRIGGER checkouts_are_immutable BEFORE UPDATE ON checkouts
  BEGIN SELECT RAISE(ABORT, 'an order keeps its checkout'); END;
CREATE TRIGGER checkouts_stay BEFORE DELETE ON checkouts
  BEGIN SELECT RAISE(ABORT, 'an order keeps its checkout'); END;
"""
_ANSWERED = """
CREATE TABLE answered (
  merchant_id TEXT NOT NULL, key TEXT NOT NULL, made_at INTEGER NOT NULL, asked TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (merchant_id, key)
);
CREATE INDEX answered_by_time ON answered (made_at);
"""
_SHADOWS = """
CREATE TABLE shadows (
  decision_id TEXT NOT NULL, digest TEXT NOT NULL, merchant_id TEXT NOT NULL, scored_at INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (decision_id, digest)
) WITHOUT ROWID;
CREATE INDEX shadows_by_time ON shadows (merchant_id, digest, scored_at);
CREATE TRIGGER shadows_are_immutable BEFORE UPDATE ON shadows
  BEGIN SELECT RAISE(ABORT, 'shadows are append-only'); END;
"""
_ERASURES = """
CREATE TABLE erasures (
  erasure INTEGER PRIMARY KEY AUTOINCREMENT, begun_at INTEGER NOT NULL, done_at INTEGER, told TEXT NOT NULL
);
CREATE TRIGGER erasures_stay BEFORE DELETE ON erasures
  BEGIN SELECT RAISE(ABORT, 'erasures are append-only'); END;
CREATE TRIGGER erasures_end_once BEFORE UPDATE ON erasures WHEN OLD.done_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'erasures are append-only'); END;
DROP TRIGGER news_is_append_only /* ON news */;
CREATE TRIGGER news_is_append_only BEFORE UPDATE ON news
  WHEN OLD.origin = 'live' AND json_extract(NEW.details, '$.erased') IS NULL
  BEGIN SELECT RAISE(ABORT, 'news is append-only'); END;
DROP TRIGGER orders_are_immutable /* ON orders */;
CREATE TRIGGER orders_are_immutable BEFORE UPDATE ON orders WHEN json_extract(NEW.columns, '$.erased') IS NULL
  BEGIN SELECT RAISE(ABORT, 'orders are immutable'); END;
DROP TRIGGER decisions_are_immutable /* ON decisions */;
CREATE TRIGGER decisions_are_immutable BEFORE UPDATE ON decisions WHEN json_extract(NEW.body, '$.made_from.erased') IS NULL
  BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
"""
"""An erasure is a row of its own that holds counts and no personal data; a row from which a person was taken is marked
`erased`, and nothing else may change one."""
_OPENING = """
CREATE TABLE opening (kind TEXT NOT NULL, key TEXT NOT NULL, folded BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE folded_away (
  merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, PRIMARY KEY (merchant_id, order_id)
) WITHOUT ROWID;
CREATE TABLE prunings (
  pruning INTEGER PRIMARY KEY AUTOINCREMENT, begun_at INTEGER NOT NULL, done_at INTEGER, told TEXT NOT NULL
);
CREATE TRIGGER prunings_stay BEFORE DELETE ON prunings
  BEGIN SELECT RAISE(ABORT, 'prunings are append-only'); END;
CREATE TRIGGER prunings_end_once BEFORE UPDATE ON prunings WHEN OLD.done_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'prunings are append-only'); END;
DROP TRIGGER news_is_append_only /* ON news */;
CREATE TRIGGER news_is_append_only BEFORE UPDATE ON news
  WHEN OLD.origin = 'live' AND NEW.origin <> 'pruned' AND json_extract(NEW.details, '$.erased') IS NULL
  BEGIN SELECT RAISE(ABORT, 'news is append-only'); END;
DROP TRIGGER decisions_are_immutable /* ON decisions */;
CREATE TRIGGER decisions_are_immutable BEFORE UPDATE ON decisions
  WHEN NEW.body <> '{"pruned":true}' AND json_extract(NEW.body, '$.made_from.erased') IS NULL
  BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
DROP TRIGGER decisions_stay /* ON decisions */;
CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions WHEN OLD.body <> '{"pruned":true}'
  BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
DROP TRIGGER checkouts_are_immutable /* ON checkouts */;
CREATE TRIGGER checkouts_are_immutable BEFORE UPDATE ON checkouts WHEN NEW.checkout_id <> ''
  BEGIN SELECT RAISE(ABORT, 'an order keeps its checkout'); END;
DROP TRIGGER checkouts_stay /* ON checkouts */;
CREATE TRIGGER checkouts_stay BEFORE DELETE ON checkouts WHEN OLD.checkout_id <> ''
  BEGIN SELECT RAISE(ABORT, 'an order keeps its checkout'); END;
"""
"""What is no longer kept is first marked as pruned, then deleted, in the transaction that writes the pruning down."""
IN_A_FILE = "/* in a file only */"
"""How a step begins that says how a file lies on disk: a server has nothing to do for it."""
_ROWS = f"""{IN_A_FILE}
CREATE TABLE orders_in_rows (
  merchant_id TEXT NOT NULL, order_id TEXT NOT NULL, placed_at INTEGER NOT NULL, origin TEXT NOT NULL,
  columns TEXT NOT NULL, PRIMARY KEY (merchant_id, order_id)
);
INSERT INTO orders_in_rows SELECT * FROM orders ORDER BY merchant_id, order_id;
DROP TABLE orders;
ALTER TABLE orders_in_rows RENAME TO orders;
CREATE INDEX orders_by_time ON orders (merchant_id, placed_at);
CREATE TRIGGER orders_are_immutable BEFORE UPDATE ON orders WHEN json_extract(NEW.columns, '$.erased') IS NULL
  BEGIN SELECT RAISE(ABORT, 'orders are immutable'); END;
"""
"""An order is longer than what an index keeps of a row in place (a quarter of a page): WITHOUT ROWID each took a page of
its own beside it, 4.7 KB instead of 1.4 (measured)."""
STEPS = (_SCHEMA, _CHECKOUTS, _ANSWERED, _SHADOWS, _ERASURES, _OPENING, _ROWS)
"""What brings a file from version 0 to 1, from 1 to 2, ... A published step never changes: a change is a new step."""
SCHEMA_VERSION = len(STEPS)
