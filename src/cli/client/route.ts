import type { ProviderSettings, Settings } from '../../config/schema.ts'
import { ProxyError } from '../../kit/error.ts'
import { askProxy, errorIn } from './ask-proxy.ts'
import { providerOn, type Way } from './client-flags.ts'

/** What stands behind the way that a client takes, as far as its variables depend on it. */
export interface Route {
  /** The address with the way's prefix, without `/v1`. */
  readonly url: string
  /** The client key; undefined where none is asked for. */
  readonly key: string | undefined
  readonly provider: string
  readonly kind: string
  /**
   * Which credential the upstream gets: `own` is ccproxy's, `none` means that the client must bring one, `caller` that
   * whatever it sends is passed on.
   */
  readonly credential: 'own' | 'none' | 'caller'
  /** The provider's settings, where this place has them. */
  readonly settings: ProviderSettings | undefined
}

/** The status may wait three seconds for an upstream that is silent, ms. */
const STATUS_MS = 4000

/** Asks the proxy that runs what is behind a way; throws where it refuses the key, or has no such provider. */
export async function askRoute(
  address: string,
  way: Way,
  key: string | undefined,
  settings: Settings,
): Promise<Route> {
  const guess = guessRoute(address, way, key, settings)
  // It would start Claude Code twice to say what is known.
  if (way.prefix === '/sdk') {
    await checkKey(address, key)
    return guess
  }
  const reply = await askProxy(address, `${way.prefix}/status`, key, STATUS_MS)
  if (reply.status === 401) throw wrongKey(address)
  if (reply.status !== undefined && reply.status >= 400) {
    const said = errorIn(reply) ?? `it answers with ${reply.status}`
    throw new ProxyError('unavailable', `ccproxy at ${address} refuses: ${said}`)
  }
  const { kind, provider, credential } = reply.json
  if (typeof kind !== 'string' || typeof provider !== 'string') return guess
  const words = typeof credential === 'string' ? credential : ''
  const local = settings.providers[provider]
  return {
    ...guess,
    provider,
    kind,
    credential: credentialIn(words, kind, way),
    settings: local?.kind === kind ? local : undefined,
  }
}

/** What is behind a way by the settings of this place alone. */
export function guessRoute(
  address: string,
  way: Way,
  key: string | undefined,
  settings: Settings,
): Route {
  const provider = providerOn(way, settings)
  const own = settings.providers[provider]
  const kind = own?.kind ?? (provider === 'claude-sdk' ? provider : 'anthropic')
  return {
    ...{ url: `${address}${way.prefix}`, key, provider, kind, settings: own },
    credential: guessCredential(own, kind),
  }
}

function guessCredential(own: ProviderSettings | undefined, kind: string): Route['credential'] {
  if (kind !== 'anthropic' && kind !== 'openai') return 'own'
  if (own?.api_key !== undefined || own?.api_key_helper !== undefined) return 'own'
  return kind === 'openai' ? 'caller' : 'none'
}

/** Reads the words of a provider's status. */
function credentialIn(words: string, kind: string, way: Way): Route['credential'] {
  if (kind === 'openai') return words.startsWith('the caller') ? 'caller' : 'own'
  if (kind !== 'anthropic') return 'own'
  const none = words.startsWith('none') || words.startsWith('client') || words.includes(', refused')
  const login = words.startsWith('plan login') || words.startsWith('Claude Code')
  return none || (login && way.keysOnly) ? 'none' : 'own'
}

async function checkKey(address: string, key: string | undefined): Promise<void> {
  const { status } = await askProxy(address, '/', key, STATUS_MS)
  if (status === 401) throw wrongKey(address)
}

function wrongKey(address: string): ProxyError {
  const text = `ccproxy at ${address} does not take the client key: set security.auth_token as it does, or give --auth-token before the command`
  return new ProxyError('authentication', text)
}
