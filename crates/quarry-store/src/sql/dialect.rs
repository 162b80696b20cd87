//! Everything in which SQLite and PostgreSQL differ.

use std::fmt::Write as _;

use quarry_core::TenantId;
use uuid::Uuid;

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Begins a transaction that writes. SQLite takes its write lock now, so that no statement in the middle finds
    /// somebody else's newer snapshot.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Keeps read rows as they are until the transaction ends; SQLite has one writer anyway.
    pub(crate) const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE OF d",
        }
    }

    /// Keeps a row that is read alone as it is until the transaction ends.
    pub(crate) const fn held(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Refuses every change of audit rows, whoever makes it, and leaves adding them alone.
    const fn append_only_audit(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "CREATE TRIGGER audit_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit log \
                 are never changed'); END; CREATE TRIGGER audit_not_removed BEFORE DELETE ON audit BEGIN SELECT \
                 RAISE(ABORT, 'rows of the audit log are never removed'); END"
            }
            Self::Postgres => {
                "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'rows of the \
                 audit log are never changed or removed'; END $$; CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON \
                 audit FOR EACH ROW EXECUTE FUNCTION audit_refuse(); CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON \
                 audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
            }
        }
    }

    /// Passes over rows that another worker is taking.
    pub(crate) const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Hands out `$1` new chunk keys: SQLite answers the last of them, PostgreSQL every one.
    pub(crate) const fn take_keys(self) -> &'static str {
        match self {
            Self::Sqlite => "UPDATE chunk_keys SET last = last + $1 RETURNING last",
            Self::Postgres => "SELECT nextval('chunk_keys') FROM generate_series(1, $1)",
        }
    }

    /// `column IN (...)` for integers in parameter `$n`, which [`Dialect::keys`] writes: one statement for any number.
    pub(crate) const fn keys_in(self) -> &'static str {
        match self {
            Self::Sqlite => "IN (SELECT value FROM json_each($1))",
            Self::Postgres => "= ANY($1::bigint[])",
        }
    }

    /// `column IN (...)` for ids in parameter `$1`, which [`Dialect::ids`] writes.
    pub(crate) const fn ids_in(self) -> &'static str {
        match self {
            Self::Sqlite => "IN (SELECT unhex(value) FROM json_each($1))",
            Self::Postgres => "= ANY($1::uuid[])",
        }
    }

    /// `column IN (...)` for a JSON array of texts in parameter `$1`.
    pub(crate) const fn texts_in(self) -> &'static str {
        match self {
            Self::Sqlite => "IN (SELECT value FROM json_each($1))",
            Self::Postgres => "IN (SELECT jsonb_array_elements_text($1::jsonb))",
        }
    }

    /// Integers as the text that [`Dialect::keys_in`] reads.
    pub(crate) fn keys(self, keys: impl IntoIterator<Item = u64>) -> String {
        let (open, close) = self.brackets();
        let mut text = String::from(open);
        for (place, key) in keys.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{key}");
        }
        text.push(close);
        text
    }

    /// Ids as the text that [`Dialect::ids_in`] reads.
    pub(crate) fn ids(self, ids: impl IntoIterator<Item = Uuid>) -> String {
        let (open, close) = self.brackets();
        let mut text = String::from(open);
        for (place, id) in ids.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = match self {
                Self::Sqlite => write!(text, "{comma}\"{}\"", id.simple()),
                Self::Postgres => write!(text, "{comma}{}", id.simple()),
            };
        }
        text.push(close);
        text
    }

    const fn brackets(self) -> (char, char) {
        match self {
            Self::Sqlite => ('[', ']'),
            Self::Postgres => ('{', '}'),
        }
    }

    /// `(..), (..)` for a statement of many rows. SQLite looks each named parameter up in a list, which makes many of
    /// them slow, so that it gets nameless ones.
    pub(crate) fn rows(self, rows: usize, columns: usize) -> String {
        let mut text = String::with_capacity(rows * columns * 4);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns {
                let comma = if column == 0 { "" } else { ", " };
                let _ = match self {
                    Self::Sqlite => write!(text, "{comma}?"),
                    Self::Postgres => write!(text, "{comma}${}", row * columns + column + 1),
                };
            }
            text.push(')');
        }
        text
    }

    /// A migration's text with this database's column types.
    pub(crate) fn schema(self, text: &str) -> String {
        let root = TenantId::ROOT.uuid().simple().to_string();
        let words: [(&str, String); 9] = match self {
            Self::Sqlite => [
                ("{id}", "BLOB".into()),
                ("{bytes}", "BLOB".into()),
                ("{key_text}", "TEXT".into()),
                ("{key}", "INTEGER PRIMARY KEY".into()),
                ("{counted_id}", "INTEGER PRIMARY KEY".into()),
                ("{clustered}", "WITHOUT ROWID".into()),
                (
                    "{key_counter}",
                    "CREATE TABLE chunk_keys (last BIGINT NOT NULL); INSERT INTO chunk_keys (last) VALUES (0)".into(),
                ),
                ("{root}", format!("X'{root}'")),
                ("{append_only_audit}", self.append_only_audit().into()),
            ],
            Self::Postgres => [
                ("{id}", "UUID".into()),
                ("{bytes}", "BYTEA".into()),
                // Byte order, as in SQLite: pages of names come in the same order on both.
                ("{key_text}", "TEXT COLLATE \"C\"".into()),
                ("{key}", "BIGINT PRIMARY KEY".into()),
                ("{counted_id}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY".into()),
                ("{clustered}", String::new()),
                ("{key_counter}", "CREATE SEQUENCE chunk_keys".into()),
                ("{root}", format!("'{root}'")),
                ("{append_only_audit}", self.append_only_audit().into()),
            ],
        };
        words.iter().fold(text.to_owned(), |text, (word, kind)| text.replace(word, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn lists_are_written_for_their_database() {
        assert_eq!(Dialect::Sqlite.keys([1, 22]), "[1,22]");
        assert_eq!(Dialect::Postgres.keys([1, 22]), "{1,22}");
        assert_eq!(Dialect::Sqlite.rows(2, 2), "(?, ?), (?, ?)");
        assert_eq!(Dialect::Postgres.rows(2, 2), "($1, $2), ($3, $4)");
    }
}
