import type { Settings } from '../../config/schema.ts'
import { fetchFailure } from '../../gateway/fetch-failure.ts'

/** What an upstream's address said, or why it said nothing. */
export interface UpstreamAnswer {
  readonly provider: string
  readonly url: string
  /** Its clock, ms since the epoch. */
  readonly date?: number
  /** When its answer came by our clock, ms since the epoch. */
  readonly at: number
  readonly failure?: string
}

const TIMEOUT_MS = 5000
const DEFAULT_URLS: Readonly<Record<string, string>> = { anthropic: 'https://api.anthropic.com' }

/** Asks the address of every provider that has one; any answer at all will do. */
export function upstreamAnswers({ providers }: Settings): Promise<UpstreamAnswer[]> {
  const asked = Object.entries(providers).flatMap(([provider, { kind, base_url: own }]) => {
    const url = own ?? DEFAULT_URLS[kind]
    return url === undefined || kind === 'demo' ? [] : [ask(provider, url)]
  })
  return Promise.all(asked)
}

async function ask(provider: string, url: string): Promise<UpstreamAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const shown = URL.canParse(url) ? new URL(url).origin : url
  try {
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
    const date = Date.parse(response.headers.get('date') ?? '')
    const told = Number.isNaN(date) ? {} : { date }
    return { provider, url: shown, at: Date.now(), ...told }
  } catch (error) {
    const late = `it gave no answer within ${TIMEOUT_MS / 1000} seconds`
    const failure = signal.aborted
      ? late
      : fetchFailure(error, provider).message.replace(/^Cannot reach upstream "[^"]*": /, '')
    return { provider, url: shown, at: Date.now(), failure }
  }
}
