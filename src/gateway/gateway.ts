import { ProxyError, withHeaders } from '../kit/error.ts'
import { Roster } from '../kit/roster.ts'
import { ShuttingDown } from '../kit/shutting-down.ts'
import { withoutUrlSecrets } from '../kit/without-url-secrets.ts'
import type { ProviderStatus } from '../provider/provider.ts'
import { answer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import type { GatewayOptions, Hub, Running } from './hub.ts'
import { setOwnHeaders } from './own-headers.ts'
import { PoolGuess } from './pool-guess.ts'
import { findUpstream } from './route.ts'
import { Settlement } from './settlement.ts'

/** How long exchanges that were told to end may take for it, ms. */
const LAST_WORDS_MS = 5000
/** How long the status waits for an upstream to answer at all, ms. */
const REACH_MS = 3000

/** Handles one exchange from start to end, and knows all that run. */
export class Gateway implements Hub {
  readonly options: GatewayOptions
  readonly pool = new PoolGuess()
  readonly #running = new Roster<Running>()
  #idle: (() => void) | undefined

  constructor(options: GatewayOptions) {
    this.options = options
  }

  /** What a prefix would use: the provider and its credential's kind, never a secret. */
  async status(provider: string | undefined): Promise<ProviderStatus & { reachable: boolean }> {
    const { routes } = this.options
    const upstream = findUpstream(routes, provider ?? routes.default)
    const status = await upstream.provider.status()
    const { base_url: url } = status
    const reachable = status.reachable ?? (await isReachable(url))
    return { ...status, base_url: url && withoutUrlSecrets(url), reachable }
  }

  /** Answers an exchange; throws a ProxyError that the caller writes in the client's shape. */
  handle(exchange: Exchange): Promise<Response> {
    const settlement = new Settlement(exchange, this.options.observer)
    if (this.options.keptBytes !== undefined) settlement.reply = []
    return answer(this, exchange, settlement).catch((thrown) => {
      const error = asProxyError(thrown, exchange.id)
      settlement.status = error.status
      settlement.settle(settlement.endingOf(error), 0, error)
      // What went wrong here has its own stack to tell, which a copy of the error would not have.
      if (error.kind === 'internal' || settlement.route === undefined) throw error
      const headers = new Headers()
      setOwnHeaders(headers, settlement)
      throw withHeaders(error, headers)
    })
  }

  /** Keeps account of what runs; the returned function takes it off again. */
  track(running: Running): () => void {
    this.#running.add(running)
    return () => {
      this.#running.remove(running)
      if (this.#running.size === 0) this.#idle?.()
    }
  }

  /** Waits for all that runs, `ms` at most; what runs on is then ended with an error of its own. */
  async drain(ms: number): Promise<void> {
    if (this.#running.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    const timer = setTimeout(() => this.endAll(), ms)
    await Promise.race([idle, Bun.sleep(ms + LAST_WORDS_MS)])
    clearTimeout(timer)
  }

  /** Ends what the upstreams keep running, such as Claude Codes. */
  async close(): Promise<void> {
    const { upstreams } = this.options.routes
    await Promise.all([...upstreams.values()].map(({ provider }) => provider.close?.()))
  }

  /** Ends everything that runs, now. */
  endAll(): void {
    this.#running.each((running) => running.end(new ShuttingDown()))
  }
}

/** Any answer at all tells that something is there. */
async function isReachable(url: string | undefined): Promise<boolean> {
  if (url === undefined) return true
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(REACH_MS) })
    return true
  } catch {
    // Whatever the reason, nothing answered there: that is all that the status says.
    return false
  }
}

/** What is not ours already is our fault: the client gets the id to quote, the log the cause. */
function asProxyError(thrown: unknown, id: string): ProxyError {
  if (thrown instanceof ProxyError) return thrown
  const text = `Internal error: report it with the id ${id}`
  return new ProxyError('internal', text, { cause: thrown })
}
