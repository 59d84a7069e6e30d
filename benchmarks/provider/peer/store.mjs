// A store for oidc-provider: one SQLite file, as the hub has one, with every statement prepared once.
import Database from "better-sqlite3";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entry (
    model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, expires_at INTEGER,
    uid TEXT, grant_id TEXT, consumed_at INTEGER, PRIMARY KEY (model, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entry_uid ON entry (uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entry_grant ON entry (model, grant_id) WHERE grant_id IS NOT NULL;
`;

const SQL = {
  upsert: `INSERT INTO entry (model, id, payload, expires_at, uid, grant_id) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at,
      uid = excluded.uid, grant_id = excluded.grant_id`,
  find: "SELECT payload, consumed_at FROM entry WHERE model = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)",
  findByUid: "SELECT payload, consumed_at FROM entry WHERE model = ? AND uid = ? AND (expires_at IS NULL OR expires_at > ?)",
  consume: "UPDATE entry SET consumed_at = ? WHERE model = ? AND id = ?",
  destroy: "DELETE FROM entry WHERE model = ? AND id = ?",
  revokeByGrantId: "DELETE FROM entry WHERE model = ? AND grant_id = ?",
};

const now = () => Math.floor(Date.now() / 1000);

// "full" syncs at each commit, as the hub does; "memory" keeps nothing, and is the most that the library can do.
export function openStore(file, durability) {
  const database = new Database(durability === "memory" ? ":memory:" : file);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(SCHEMA);
  const run = Object.fromEntries(Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]));
  const read = (row) => row && { ...JSON.parse(row.payload), ...(row.consumed_at && { consumed: row.consumed_at }) };
  return class Store {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn ? now() + expiresIn : null;
      run.upsert.run(this.model, id, JSON.stringify(payload), expiresAt, payload.uid ?? null, payload.grantId ?? null);
    }
    async find(id) {
      return read(run.find.get(this.model, id, now()));
    }
    async findByUid(uid) {
      return read(run.findByUid.get(this.model, uid, now()));
    }
    async consume(id) {
      run.consume.run(now(), this.model, id);
    }
    async destroy(id) {
      run.destroy.run(this.model, id);
    }
    async revokeByGrantId(grantId) {
      run.revokeByGrantId.run(this.model, grantId);
    }
  };
}
