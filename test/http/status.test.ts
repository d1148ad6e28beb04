import { expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import { Gateway } from '../../src/gateway/gateway.ts'
import { PREFIXES } from '../../src/http/prefixes.ts'
import { addStatusRoutes } from '../../src/http/routes/service.ts'
import { Ticker } from '../../src/kit/clock.ts'
import type { Provider, ProviderStatus } from '../../src/provider/provider.ts'

/** What `/status` answers where the provider tells this of itself. */
async function answered(status: ProviderStatus): Promise<unknown> {
  const unused = () => {
    throw new Error('The status asks for nothing else')
  }
  const provider: Provider = {
    name: status.provider,
    kind: status.kind,
    wire: 'messages',
    prepare: unused,
    send: unused,
    status: async () => status,
  }
  const upstream = {
    provider,
    models: {},
    openAiModels: {},
    defaultModel: undefined,
    forceModel: false,
  }
  const gateway = new Gateway({
    routes: {
      upstreams: new Map([[status.provider, upstream]]),
      default: status.provider,
      models: {},
    },
    timing: { headerTimeoutMs: 1, idleTimeoutMs: 1, pingAfterMs: 1, earlyOpenMs: 1 },
    observer: { settled: unused },
    ticker: new Ticker(),
  })
  const app = new Elysia()
  const context = { gateway, version: '1.2.3', draining: () => false }
  addStatusRoutes(app, context, PREFIXES)
  return (await app.handle(new Request('http://localhost/status'))).json()
}

const SDK = { provider: 'local', kind: 'claude-sdk', base_url: undefined, credential: 'plan login' }

test('what only one kind of upstream has stands beside what all have', async () => {
  const details = { claude: { version: '2.1.329' }, isolation: 'none' }
  expect(await answered({ ...SDK, details })).toEqual({
    mode: 'full',
    provider: 'local',
    kind: 'claude-sdk',
    credential: 'plan login',
    reachable: true,
    claude: { version: '2.1.329' },
    isolation: 'none',
    version: '1.2.3',
  })
})

test('the provider’s own word on reachability counts', async () => {
  expect(await answered({ ...SDK, reachable: false })).toMatchObject({ reachable: false })
  const gone = { ...SDK, base_url: 'http://127.0.0.1:9' }
  expect(await answered(gone)).toMatchObject({ reachable: false })
  expect(await answered({ ...gone, reachable: true })).toMatchObject({ reachable: true })
})

test('The status shows no password and no key of an address', async () => {
  const status = {
    provider: 'gateway',
    kind: 'openai',
    base_url:
      'http://me:canary@127.0.0.1:1/v1?api-version=2026-01-01&api_key=canary&code-sig=canary',
    credential: 'API key',
    reachable: true,
  }
  expect(await answered(status)).toMatchObject({
    base_url: 'http://me:***@127.0.0.1:1/v1?api-version=2026-01-01&api_key=***&code-sig=***',
  })
})
