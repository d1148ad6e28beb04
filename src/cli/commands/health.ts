import { get, type IncomingMessage } from 'node:http'
import { messageOf, ProxyError } from '../../kit/error.ts'
import type { Command } from '../command.ts'
import { SETTING_FLAGS } from '../setting-flags.ts'
import { loadFor } from '../settings.ts'

const PATH = '/health/live'
const CONTENT_TYPE = 'application/health+json'
const TIMEOUT_MS = 5000
/** Addresses to bind that no client can call, and the one that reaches what is bound there. */
const REACHED_AT: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** `ccproxy health`: whether the proxy of these settings answers, for health checks of containers and services. */
export const health: Command = {
  name: 'health',
  summary: 'Ask the running proxy whether it is alive (exit code 0 or 1)',
  examples: ['ccproxy health', 'ccproxy health --port 9000', 'ccproxy health && echo alive'],
  flags: SETTING_FLAGS,
  async run(context, input) {
    const { settings } = await loadFor(context, input)
    const { host, port } = settings.server
    if (port === 0) {
      throw new ProxyError('invalid_request', 'Port 0 is taken afresh at each start: say --port')
    }
    const url = `http://${reachable(host)}:${port}`
    const answer = await ask(url)
    if (answer.statusCode !== 200 || answer.headers['content-type'] !== CONTENT_TYPE) {
      const said = `${answer.statusCode} ${answer.headers['content-type'] ?? ''}`.trim()
      throw new ProxyError('internal', `Something else than ccproxy answers at ${url}: ${said}`)
    }
    context.stdout.write(`ccproxy is alive at ${url}\n`)
    return 0
  },
}

function reachable(host: string): string {
  const address = REACHED_AT[host] ?? host
  return address.includes(':') ? `[${address}]` : address
}

/** Asks without fetch, which would send even this through the HTTP_PROXY of the environment. */
async function ask(url: string): Promise<IncomingMessage> {
  const answer = Promise.withResolvers<IncomingMessage>()
  const request = get(`${url}${PATH}`, { timeout: TIMEOUT_MS }, (response) => {
    response.resume()
    answer.resolve(response)
  })
  request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)))
  request.on('error', answer.reject)
  try {
    return await answer.promise
  } catch (error) {
    const reason = `Nothing alive answers at ${url}: ${messageOf(error)}`
    throw new ProxyError('internal', `${reason} (start it with "ccproxy serve")`, { cause: error })
  }
}
