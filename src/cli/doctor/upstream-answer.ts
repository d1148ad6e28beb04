import type { Loaded } from '../../config/load.ts'
import { fetchFailure } from '../../gateway/fetch-failure.ts'

/** What an upstream's address said, or why it said nothing. */
export interface UpstreamAnswer {
  readonly provider: string
  /** It serves what no rule sends elsewhere. */
  readonly main: boolean
  readonly url: string
  /** Its clock, ms since the epoch. */
  readonly date?: number
  /** When its answer came by our clock, ms since the epoch. */
  readonly at: number
  readonly failure?: string
}

const TIMEOUT_MS = 5000
const DEFAULT_URLS: Readonly<Record<string, string>> = { anthropic: 'https://api.anthropic.com' }

/** Asks the address of every provider that somebody wants; any answer at all will do. */
export function upstreamAnswers({ settings, sources }: Loaded): Promise<UpstreamAnswer[]> {
  const main = settings.routing.default
  // Anthropic's is there by itself: who uses a gateway alone does not want it asked.
  const wanted = (name: string) =>
    name === main ||
    [...sources].some(([key, from]) => key.startsWith(`providers.${name}.`) && from !== 'default')
  const asked = Object.entries(settings.providers).flatMap(([name, { kind, base_url: own }]) => {
    const url = own ?? DEFAULT_URLS[kind]
    if (url === undefined || kind === 'demo' || !wanted(name)) return []
    return [ask(name, url, name === main)]
  })
  return Promise.all(asked)
}

async function ask(provider: string, url: string, main: boolean): Promise<UpstreamAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const shown = URL.canParse(url) ? new URL(url).origin : url
  try {
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
    const date = Date.parse(response.headers.get('date') ?? '')
    const told = Number.isNaN(date) ? {} : { date }
    return { provider, main, url: shown, at: Date.now(), ...told }
  } catch (error) {
    const late = `it gave no answer within ${TIMEOUT_MS / 1000} seconds`
    const failure = signal.aborted
      ? late
      : fetchFailure(error, provider).message.replace(/^Cannot reach upstream "[^"]*": /, '')
    return { provider, main, url: shown, at: Date.now(), failure }
  }
}
