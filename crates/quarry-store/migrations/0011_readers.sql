-- Who may read a document, beside those who manage its collection.

-- A list of names in JSON (`user:ada`, `group:finance`); null for everyone in the collection.
ALTER TABLE documents ADD COLUMN readers TEXT;
-- Most documents are for everyone, so that only the others are worth an index.
CREATE INDEX documents_restricted ON documents (collection) WHERE readers IS NOT NULL;
