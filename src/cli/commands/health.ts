import { ProxyError } from '../../kit/error.ts'
import { askProxy } from '../client/ask-proxy.ts'
import { urlOf } from '../client/proxy-address.ts'
import type { Command } from '../command.ts'
import { SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'

const PATH = '/health/live'
const CONTENT_TYPE = 'application/health+json'
const TIMEOUT_MS = 5000

/** `ccproxy health`: whether the proxy of these settings answers, for health checks of containers and services. */
export const health: Command = {
  name: 'health',
  summary: 'Ask the running proxy whether it is alive (exit code 0 or 1)',
  examples: ['ccproxy health', 'ccproxy health --port 9000', 'ccproxy health && echo alive'],
  flags: SETTING_FLAGS,
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const url = urlOf(settings, 'say --port')
    const { status, contentType, failure } = await askProxy(url, PATH, undefined, TIMEOUT_MS)
    if (status === undefined) {
      const reason = `Nothing alive answers at ${url}: ${failure ?? 'connection refused'}`
      throw new ProxyError('internal', `${reason} (start it with "ccproxy serve")`)
    }
    if (status !== 200 || contentType !== CONTENT_TYPE) {
      const said = `${status} ${contentType}`.trim()
      throw new ProxyError('internal', `Something else than ccproxy answers at ${url}: ${said}`)
    }
    context.stdout.write(`ccproxy is alive at ${url}\n`)
    return 0
  },
}
