import { describe, expect, test } from 'bun:test'
import { chooseRoute, type Routes } from '../../src/gateway/route.ts'
import { ProxyError } from '../../src/kit/error.ts'
import type { NamedUpstream } from '../../src/provider/index.ts'
import type { Mode } from '../../src/provider/mode.ts'
import { OPENAI_MODELS } from '../../src/provider/openai-models.ts'

type Maps = Partial<Omit<NamedUpstream, 'provider'>>

function upstream(name: string, maps: Maps = {}): [string, NamedUpstream] {
  const provider: NamedUpstream['provider'] = {
    ...{ name, kind: 'demo', wire: 'messages' },
    prepare: () => Promise.reject(new Error('nothing is sent here')),
    send: () => Promise.reject(new Error('nothing is sent here')),
    status: () => Promise.reject(new Error('nobody asks')),
  }
  const none = { models: {}, openAiModels: {}, defaultModel: undefined, forceModel: false }
  return [name, { provider, ...none, ...maps }]
}

const ROUTES: Routes = {
  default: 'anthropic',
  models: { fast: 'local/small', 'gpt-*': 'local/gpt', lost: 'nowhere/x', 'x/y': 'eu/west/z' },
  upstreams: new Map([
    upstream('anthropic', {
      models: { opus: 'claude-opus-5', 'claude-*-old': 'claude-haiku-4-5' },
      openAiModels: { 'gpt-5*': 'claude-sonnet-5', opus: 'never' },
    }),
    upstream('local', {
      models: { small: 'qwen-small', 'a*': 'one', 'ab*': 'two', 'a*c*d': 'three', abc: 'four' },
      defaultModel: 'qwen',
    }),
    upstream('one-model', { defaultModel: 'only', forceModel: true, models: { a: 'b' } }),
    upstream('eu/west'),
  ]),
}

interface Asked {
  readonly mode?: Mode
  readonly provider?: string
  readonly endpoint?: 'messages' | 'chat' | 'responses'
}

/** Where a model goes, as `provider/model`. */
function to(model: string | undefined, asked: Asked = {}): string {
  const { mode = 'full', provider, endpoint = 'messages' } = asked
  const exchange = { mode, provider, endpoint }
  const route = chooseRoute(ROUTES, exchange as never, model)
  return `${route.provider.name}/${route.model}`
}

function refusal(run: () => unknown): ProxyError {
  try {
    run()
  } catch (error) {
    if (error instanceof ProxyError) return error
  }
  throw new Error('It was let through')
}

describe('A model’s name', () => {
  test('Is looked up in routing.models first, then in its provider’s own list', () => {
    expect(to('fast')).toBe('local/qwen-small')
    expect(to('gpt-9')).toBe('local/gpt')
    expect(to('opus')).toBe('anthropic/claude-opus-5')
    expect(to('claude-2-old')).toBe('anthropic/claude-haiku-4-5')
    expect(to('claude-sonnet-5')).toBe('anthropic/claude-sonnet-5')
  })

  test('Is not looked up in routing.models where the prefix names a provider', () => {
    expect(to('fast', { provider: 'anthropic' })).toBe('anthropic/fast')
    expect(to('small', { provider: 'local' })).toBe('local/qwen-small')
  })

  test('Is the provider’s default where nobody knows it, and always where that is forced', () => {
    expect(to('unheard', { provider: 'local' })).toBe('local/qwen')
    expect(to('unheard', { provider: 'one-model' })).toBe('one-model/only')
    expect(to('a', { provider: 'one-model' })).toBe('one-model/only')
    expect(to('anthropic/one-model/other')).toBe('one-model/only')
  })

  test('Of OpenAI is Claude’s for OpenAI’s clients only, behind the provider’s own list', () => {
    const provider = 'anthropic'
    expect(to('gpt-5.5', { provider, endpoint: 'chat' })).toBe('anthropic/claude-sonnet-5')
    expect(to('gpt-5.5', { provider, endpoint: 'responses' })).toBe('anthropic/claude-sonnet-5')
    expect(to('gpt-5.5', { provider })).toBe('anthropic/gpt-5.5')
    expect(to('opus', { provider, endpoint: 'chat' })).toBe('anthropic/claude-opus-5')
  })

  test('Is never changed by /min and /pt, nor missed by who has none', () => {
    for (const mode of ['minimal', 'passthrough'] as const) {
      expect(to('opus', { mode })).toBe('anthropic/opus')
      expect(to('fast[1m]', { mode })).toBe('anthropic/fast[1m]')
    }
    expect(to('opus', { mode: 'sdk' })).toBe('anthropic/claude-opus-5')
    expect(to(undefined)).toBe('anthropic/undefined')
  })

  test('Loses Claude Code’s mark of the long context, at its end only', () => {
    expect(to('opus[1m]')).toBe('anthropic/claude-opus-5')
    expect(to('a[1m]b')).toBe('anthropic/a[1m]b')
  })

  test('That names a provider itself goes there, whatever slashes either has', () => {
    expect(to('anthropic/local/org/model')).toBe('local/org/model')
    expect(to('anthropic/eu/west/m')).toBe('eu/west/m')
    expect(to('x/y')).toBe('eu/west/z')
    expect(to('anthropic/unknown/m')).toBe('anthropic/anthropic/unknown/m')
  })
})

describe('A pattern', () => {
  const local = (model: string) => to(model, { provider: 'local' }).slice('local/'.length)

  test('Gives way to the exact name, and to a longer pattern', () => {
    expect(local('abc')).toBe('four')
    expect(local('abx')).toBe('two')
    expect(local('axx')).toBe('one')
    expect(local('a')).toBe('one')
  })

  test('Fits in order, and no part twice', () => {
    expect(local('axcxd')).toBe('three')
    expect(local('acd')).toBe('three')
    expect(local('adc')).toBe('one')
    expect(to('claude-old', { provider: 'anthropic' })).toBe('anthropic/claude-old')
    expect(to('claude--old', { provider: 'anthropic' })).toBe('anthropic/claude-haiku-4-5')
  })

  test('Is no name: what every object has is no model of the map', () => {
    expect(to('toString')).toBe('anthropic/toString')
    expect(to('__proto__')).toBe('anthropic/__proto__')
  })
})

test('Every family of OpenAI’s names has a Claude of its size', () => {
  const own = upstream('anthropic', { openAiModels: OPENAI_MODELS })
  const routes: Routes = { default: 'anthropic', models: {}, upstreams: new Map([own]) }
  const exchange = { mode: 'full', provider: undefined, endpoint: 'chat' }
  const sizes: Record<string, readonly string[]> = {
    haiku: ['gpt-4o-mini', 'gpt-5-nano', 'gpt-5.1-codex-mini', 'gpt-3.5-turbo', 'text-davinci-003'],
    sonnet: ['gpt-4o', 'gpt-5.5', 'gpt-5-codex', 'chatgpt-4o-latest', 'codex-mini-latest'],
    'sonnet-': ['o1-mini', 'o3-mini', 'o4-mini-2025-04-16'],
    opus: ['gpt-5-pro', 'gpt-5.2-pro-2025-12-11', 'o1', 'o1-pro', 'o3', 'o4'],
  }
  for (const [size, models] of Object.entries(sizes)) {
    for (const model of models) {
      const to = chooseRoute(routes, exchange as never, model).model ?? ''
      expect([model, to]).toEqual([model, expect.stringContaining(`claude-${size}`)])
    }
  }
})

test('A provider that is not there is named beside those that are', () => {
  const unknown = refusal(() => to('m', { provider: 'nobody' }))
  expect(unknown.kind).toBe('not_found')
  expect(unknown.message).toBe(
    'Provider "nobody" is not configured: use one of "anthropic", "local", "one-model", "eu/west"',
  )
  const lost = refusal(() => to('lost'))
  expect([lost.kind, lost.field]).toEqual(['invalid_request', 'model'])
  expect(lost.message).toStartWith(
    'routing.models names "nowhere/x", which begins with no provider',
  )
})
