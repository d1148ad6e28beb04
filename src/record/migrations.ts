/** One step of a database's form, in both dialects; numbered by its place. A step that was released never changes. */
export interface Migration {
  readonly sqlite: readonly string[]
  readonly postgres: readonly string[]
}

const NUMBERS = `
  instance BIGINT NOT NULL,
  client BIGINT, address BIGINT, session BIGINT,
  mode BIGINT NOT NULL, method BIGINT NOT NULL, path BIGINT NOT NULL, other_path BIGINT,
  protocol BIGINT, wire BIGINT, provider BIGINT, kind BIGINT, model BIGINT, upstream_model BIGINT,
  stream BIGINT NOT NULL, status BIGINT NOT NULL, ended BIGINT NOT NULL, stop_reason BIGINT,
  attempts BIGINT NOT NULL, bytes_in BIGINT NOT NULL, bytes_out BIGINT NOT NULL,
  input BIGINT, output BIGINT, cache_read BIGINT, cache_write BIGINT,
  cache_write_5m BIGINT, cache_write_1h BIGINT, thinking BIGINT,
  cost BIGINT, list_price BIGINT NOT NULL,
  first_byte BIGINT, duration BIGINT NOT NULL,
  notes BIGINT, error BIGINT`

const HOURLY = `CREATE TABLE hourly (
  level BIGINT NOT NULL, hour BIGINT NOT NULL, provider BIGINT NOT NULL, model BIGINT NOT NULL,
  upstream_model BIGINT NOT NULL, client BIGINT NOT NULL, path BIGINT NOT NULL,
  status BIGINT NOT NULL, ended BIGINT NOT NULL,
  requests BIGINT NOT NULL, errors BIGINT NOT NULL, client_left BIGINT NOT NULL,
  attempts BIGINT NOT NULL, bytes_in BIGINT NOT NULL, bytes_out BIGINT NOT NULL,
  input BIGINT NOT NULL, output BIGINT NOT NULL, cache_read BIGINT NOT NULL,
  cache_write BIGINT NOT NULL, cache_write_5m BIGINT NOT NULL, cache_write_1h BIGINT NOT NULL,
  thinking BIGINT NOT NULL, cost BIGINT NOT NULL, list_cost BIGINT NOT NULL,
  unpriced BIGINT NOT NULL, duration TEXT NOT NULL, first_byte TEXT NOT NULL,
  PRIMARY KEY (level, hour, provider, model, upstream_model, client, path, status, ended))`

const ID_BLOCK = `CREATE TABLE id_block (minute BIGINT NOT NULL, part BIGINT NOT NULL,
  hashes TEXT NOT NULL, PRIMARY KEY (minute, part))`

const INDEXES = [
  'CREATE INDEX exchange_session ON exchange (session, key) WHERE session IS NOT NULL',
  'CREATE INDEX exchange_error ON exchange (error, key) WHERE error IS NOT NULL',
  'CREATE INDEX exchange_path ON exchange (path, key) WHERE other_path IS NOT NULL',
]

/** All steps; the number of the last is the version that this ccproxy writes. */
export const MIGRATIONS: readonly Migration[] = [
  {
    sqlite: [
      `CREATE TABLE name (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL,
        used BIGINT NOT NULL, UNIQUE (kind, text))`,
      `CREATE TABLE exchange (key INTEGER PRIMARY KEY, id TEXT NOT NULL, upstream_id TEXT, ${NUMBERS})`,
      `${HOURLY} WITHOUT ROWID`,
      ID_BLOCK,
      ...INDEXES,
    ],
    postgres: [
      `CREATE TABLE name (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind TEXT NOT NULL,
        text TEXT NOT NULL, used BIGINT NOT NULL, UNIQUE (kind, text))`,
      `CREATE TABLE exchange (key BIGINT PRIMARY KEY, id TEXT NOT NULL, upstream_id TEXT, ${NUMBERS})`,
      HOURLY,
      ID_BLOCK,
      ...INDEXES,
    ],
  },
  {
    sqlite: [
      `CREATE TABLE body (key INTEGER PRIMARY KEY, request TEXT, reply TEXT, size BIGINT NOT NULL)`,
    ],
    postgres: [
      `CREATE TABLE body (key BIGINT PRIMARY KEY, request TEXT, reply TEXT, size BIGINT NOT NULL)`,
    ],
  },
]
