import { randomId } from '../kit/id.ts'
import { pause } from '../kit/pause.ts'
import { requestHeaders } from './anthropic.ts'
import type { DemoUpstream } from './demo/demo.ts'
import type { Provider, ProviderOptions } from './provider.ts'

/** Any host will do: nothing is sent anywhere. */
const BASE_URL = 'http://demo.invalid'

/** The embedded upstream: it needs no account and answers in-process. */
export function createDemoProvider(options: ProviderOptions): Provider {
  let upstream: Promise<DemoUpstream> | undefined
  return {
    name: options.name,
    kind: 'demo',
    wire: options.wire ?? 'messages',
    async prepare(call) {
      return {
        url: BASE_URL + call.path,
        method: call.method,
        headers: requestHeaders(call, options),
        body: call.body,
      }
    },
    async send(call, signal) {
      upstream ??= load()
      const { url, method, headers, body } = call
      const request = new Request(url, { method, headers, signal, ...(body && { body }) })
      return (await upstream).fetch(request)
    },
    async status() {
      return { provider: options.name, kind: 'demo', base_url: undefined, credential: 'none' }
    },
  }
}

/** Loaded when it is first asked: start-up pays nothing for it. */
async function load(): Promise<DemoUpstream> {
  const { createDemoUpstream } = await import('./demo/demo.ts')
  return createDemoUpstream({
    id: () => randomId(),
    now: () => Math.floor(Date.now() / 1000),
    sleep: pause,
  })
}
