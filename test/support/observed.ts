import { type Ccproxy, type CcproxyOptions, startCcproxy } from './ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic } from './fake-anthropic.ts'
import { isJson, type Json } from './fake-reply.ts'
import { messageBody } from './raw-client.ts'
import { until } from './wait.ts'

/** A ccproxy whose observability endpoints a test asks. */
export interface Observed {
  readonly proxy: Ccproxy
  readonly fake: FakeAnthropic
  /** Sends a Messages request and reads the whole answer. */
  send(extra?: Json, headers?: Sent, path?: string): Promise<Response>
  /** Asks for JSON; with the client key where there is one. */
  get(path: string, headers?: Sent): Promise<{ status: number; body: Json; headers: Headers }>
  /** Waits until the ledger holds so many rows. */
  rows(count: number): Promise<Json[]>
  stop(): Promise<void>
}

type Sent = Readonly<Record<string, string>>

/** What sets one apart. */
export interface ObservedOptions {
  readonly clientKey?: string
  /** Values that must never reach the upstream. */
  readonly forbidden?: readonly string[]
  /** The upstream takes any body. */
  readonly lenient?: boolean
}

/** Starts one, with an upstream of its own. */
export async function startObserved(
  options: CcproxyOptions & ObservedOptions = {},
): Promise<Observed> {
  const { clientKey, forbidden = [], lenient = false, ...rest } = options
  const keys = clientKey === undefined ? forbidden : [clientKey, ...forbidden]
  const fake = await startFakeAnthropic({ forbidden: keys, lenient })
  const env = { ...rest.env, ...(clientKey === undefined ? {} : { AUTH_TOKEN: clientKey }) }
  const proxy = await startCcproxy({ ...rest, env, upstream: fake.url })
  const key: Sent = clientKey === undefined ? {} : { 'x-api-key': clientKey }
  const get = async (path: string, headers: Sent = key) => {
    const reply = await fetch(proxy.url + path, { headers })
    const body: unknown = await reply.json()
    return { status: reply.status, body: isJson(body) ? body : {}, headers: reply.headers }
  }
  return {
    ...{ proxy, fake, get },
    async send(extra = {}, headers = key, path = '/v1/messages') {
      const reply = await fetch(proxy.url + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          ...headers,
        },
        body: messageBody(false, extra),
      })
      await reply.clone().arrayBuffer()
      return reply
    },
    async rows(count) {
      let rows: Json[] = []
      await until(`${count} rows`, async () => {
        rows = objectsIn((await get('/logs/query?limit=1000')).body.rows)
        return rows.length >= count
      })
      return rows
    },
    async stop() {
      await proxy.stop()
      await fake.close()
      if (fake.violations.length > 0) throw new Error(fake.violations.join('\n'))
    },
  }
}

/** The objects of a list. */
export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : []
}
