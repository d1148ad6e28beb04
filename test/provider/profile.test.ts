import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { NEUTRAL_PROFILE, Profile } from '../../src/protocol/profile.ts'
import { chooseProfile, PROFILE_NAMES } from '../../src/provider/profile.ts'

const LOW_TO_HIGH = ['low', 'medium', 'high']
const NONE_TO_HIGH = ['none', ...LOW_TO_HIGH]

describe('the profile of an upstream', () => {
  const hosts: [string, string][] = [
    ['https://api.openai.com/v1', 'openai'],
    ['https://my-res.openai.azure.com/openai/v1', 'azure-openai'],
    ['https://openrouter.ai/api/v1', 'openrouter'],
    ['https://api.deepseek.com', 'deepseek'],
    ['https://api.moonshot.ai/v1', 'kimi'],
    ['https://open.bigmodel.cn/api/paas/v4', 'glm'],
    ['https://api.z.ai/api/paas/v4', 'glm'],
    ['https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'qwen'],
    ['https://api.groq.com/openai/v1', 'groq'],
    ['https://generativelanguage.googleapis.com/v1beta/openai', 'gemini'],
    ['https://api.x.ai/v1', 'xai'],
    ['https://api.mistral.ai/v1', 'mistral'],
    ['http://127.0.0.1:11434/v1', 'ollama'],
    ['http://vllm.internal:8000/v1', 'vllm'],
    ['http://localhost:1234/v1', 'lmstudio'],
    ['https://litellm.example.com', 'litellm'],
    ['https://evil-api.openai.com.example.org/v1', 'generic'],
    ['https://notx.ai/v1', 'generic'],
    ['', 'generic'],
  ]
  for (const [baseUrl, name] of hosts) {
    test(`${baseUrl || 'nothing'} is ${name}`, () => {
      const profile = chooseProfile({ baseUrl, model: 'm' })
      expect(profile.name).toBe(name)
      expect(Value.Check(Profile, profile)).toBe(true)
    })
  }

  test('can be named where the host does not tell', () => {
    for (const name of PROFILE_NAMES) {
      expect(chooseProfile({ baseUrl: 'http://10.0.0.1/v1', model: 'm', name }).name).toBe(name)
    }
    expect(() => chooseProfile({ baseUrl: '', model: 'm', name: 'opanai' })).toThrow('"opanai"')
  })

  test('depends on the model family', () => {
    const of = (model: string) => chooseProfile({ baseUrl: 'https://api.openai.com/v1', model })
    expect(of('gpt-4o')).toMatchObject({
      effort_levels: [],
      system_role: 'system',
      sampling: 'both',
    })
    expect(of('gpt-4o-mini').max_output_tokens).toBe(16_384)
    expect(of('gpt-4-turbo').max_output_tokens).toBe(4_096)
    expect(of('gpt-4.1').max_output_tokens).toBe(32_768)
    expect(of('gpt-5.2').max_output_tokens).toBe(128_000)
    expect(of('o3-mini')).toMatchObject({ system_role: 'developer', sampling: 'none' })
    expect(of('gpt-5').effort_levels).toContain('minimal')
    expect(of('gpt-5.2').effort_levels).toContain('none')
    expect(of('gpt-5-chat-latest')).toMatchObject({ effort_levels: [], sampling: 'both' })
  })

  test('tells the efforts and limits of each generation of OpenAI', () => {
    const of = (model: string) => chooseProfile({ baseUrl: 'https://api.openai.com/v1', model })
    const efforts: Record<string, readonly string[]> = {
      ...{ o3: LOW_TO_HIGH, 'o4-mini': LOW_TO_HIGH, 'gpt-5': ['minimal', ...LOW_TO_HIGH] },
      ...{ 'gpt-5.1': NONE_TO_HIGH, 'gpt-5.2': [...NONE_TO_HIGH, 'xhigh'], 'gpt-4.1': [] },
      ...{ 'gpt-5-codex': LOW_TO_HIGH, 'gpt-5.1-codex-mini': LOW_TO_HIGH },
      ...{ 'gpt-5.1-codex-max': [...LOW_TO_HIGH, 'xhigh'] },
      ...{ 'gpt-5.3-codex': [...LOW_TO_HIGH, 'xhigh'], 'gpt-6': [...NONE_TO_HIGH, 'xhigh'] },
    }
    for (const [model, levels] of Object.entries(efforts)) {
      expect([model, of(model).effort_levels]).toEqual([model, [...levels]])
      expect(of(`openai/${model}`)).toEqual(of(model))
      expect(of(model).encrypted_reasoning).toBe(levels.length > 0)
    }
    expect([of('o3'), of('gpt-6')].map((one) => one.max_output_tokens)).toEqual([100_000, 128_000])
    expect(['gpt-5.3', 'gpt-5.4', 'gpt-6'].map((one) => of(one).effort_with_tools)).toEqual([
      ...[true, false, false],
    ])
    expect(of('gpt-4o-search-preview').web_search).toBe(true)
  })

  test('DeepSeek and Gemini cap the answer', () => {
    const cap = (baseUrl: string, model: string) =>
      chooseProfile({ baseUrl, model }).max_output_tokens
    expect(cap('https://api.deepseek.com', 'deepseek-chat')).toBe(8_192)
    expect(cap('https://api.deepseek.com', 'deepseek-reasoner')).toBe(65_536)
    expect(cap('https://generativelanguage.googleapis.com/v1beta/openai', 'gemini-3-pro')).toBe(
      65_536,
    )
  })

  test('tells the models of one vendor apart', () => {
    const cases: [baseUrl: string, model: string, Partial<Profile>][] = [
      ['https://api.openai.com/v1', 'gpt-4.1', { encrypted_reasoning: false }],
      ['https://api.openai.com/v1', 'ft:gpt-4o-mini:acme::x', { max_output_tokens: 16_384 }],
      ['https://api.openai.com/v1', 'o3', { encrypted_reasoning: true }],
      ['https://api.openai.com/v1', 'gpt-5-chat-latest', { encrypted_reasoning: false }],
      ['https://api.openai.com/v1', 'gpt-5.1', { effort_levels: NONE_TO_HIGH }],
      ['https://api.openai.com/v1', 'gpt-5.1-codex', { effort_levels: LOW_TO_HIGH }],
      ['https://api.openai.com/v1', 'gpt-5.2', { effort_with_tools: true }],
      ['https://api.openai.com/v1', 'gpt-5.6-sol', { effort_with_tools: false }],
      ['https://api.openai.com/v1', 'gpt-6-sol', { effort_with_tools: false, sampling: 'none' }],
      [
        'https://api.openai.com/v1',
        'gpt-6-astra',
        { effort_levels: ['low', 'medium', 'high', 'xhigh'] },
      ],
      ['https://api.groq.com/openai/v1', 'qwen/qwen3-32b', { effort_levels: ['none', 'default'] }],
      ['https://api.groq.com/openai/v1', 'openai/gpt-oss-120b', { service_tier: false }],
      [
        'https://api.deepseek.com',
        'deepseek-v4-pro',
        { max_output_tokens: 393_216, tool_choices: ['auto', 'none'] },
      ],
      ['https://api.moonshot.ai/v1', 'kimi-k2.6', { sampling: 'none', images: true }],
      ['https://api.moonshot.ai/v1', 'moonshot-v1-8k', { sampling: 'both', images: false }],
      [
        'https://api.kimi.com/coding/v1',
        'kimi-k3',
        { effort_levels: ['low', 'high', 'max'], thinking_toggle: 'none' },
      ],
      ['https://api.z.ai/api/paas/v4', 'glm-5.3', { effort_levels: ['low', 'high', 'max'] }],
      ['https://api.z.ai/api/paas/v4', 'glm-4.5-air', { max_output_tokens: 98_304 }],
      ['https://api.x.ai/v1', 'grok-4', { effort_levels: [], stop_limit: 0 }],
      ['https://api.x.ai/v1', 'grok-4.3', { effort_levels: NONE_TO_HIGH }],
      ['https://api.x.ai/v1', 'grok-4.5', { effort_levels: LOW_TO_HIGH, stop_limit: 0 }],
      ['https://api.mistral.ai/v1', 'mistral-small-latest', { effort_levels: ['none', 'high'] }],
      [
        'https://generativelanguage.googleapis.com/v1beta/openai',
        'gemini-3-pro',
        { effort_levels: ['minimal', 'low', 'medium', 'high'] },
      ],
      ['http://vllm.internal:8000/v1', 'm', { replay_reasoning: 'reasoning' }],
    ]
    for (const [baseUrl, model, expected] of cases) {
      expect({ model, ...chooseProfile({ baseUrl, model }) }).toMatchObject({ model, ...expected })
    }
  })

  test('every key gives way to the settings', () => {
    const overrides = { max_tokens_field: 'max_completion_tokens', stop_limit: 1 }
    const profile = chooseProfile({ baseUrl: '', model: 'm', overrides })
    expect(profile).toEqual({
      ...NEUTRAL_PROFILE,
      max_tokens_field: 'max_completion_tokens',
      stop_limit: 1,
    })
  })

  test('a wrong key or value is refused by its name', () => {
    const choose = (overrides: Record<string, unknown>) => () =>
      chooseProfile({ baseUrl: '', model: 'm', overrides })
    expect(choose({ stop_limit: 'two' })).toThrow('"stop_limit"')
    expect(choose({ stop_limits: 2 })).toThrow('"stop_limits"')
  })
})
