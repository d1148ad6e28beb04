import { describe, expect, test } from 'bun:test'
import { tapUsage as chatTapUsage } from '../../src/protocol/chat/usage.ts'
import { capabilitiesOf, isClaudeModel } from '../../src/protocol/messages/models.ts'
import { messagesRequestOut } from '../../src/protocol/messages/request-out.ts'
import type { MessagesRequest } from '../../src/protocol/messages/schema.ts'
import { tapUsage } from '../../src/protocol/messages/usage.ts'

describe('what a Claude model takes', () => {
  const rows: [string, object][] = [
    [
      'claude-fable-5-2',
      { thinking: ['adaptive'], forcedTool: false, sampling: 'none', prefill: false },
    ],
    ['claude-fable-5', { thinking: ['adaptive'], forcedTool: true, sampling: 'none' }],
    ['claude-opus-5-5', { thinking: ['adaptive'], forcedTool: false, maxOutput: 128_000 }],
    ['claude-opus-5', { thinking: ['adaptive', 'disabled'], forcedTool: true }],
    ['claude-sonnet-5-5', { thinking: ['adaptive', 'between_tools'], forcedTool: false }],
    ['claude-sonnet-5', { thinking: ['adaptive', 'disabled'], sampling: 'none' }],
    ['claude-haiku-5-5', { thinking: ['adaptive', 'disabled'], forcedTool: true }],
    ['claude-opus-4-8', { sampling: 'none', prefill: false }],
    ['claude-opus-4-6', { thinking: ['enabled', 'adaptive', 'disabled'], prefill: false }],
    ['claude-sonnet-4-6', { sampling: 'one' }],
    ['claude-opus-4-5-20251101', { maxOutput: 64_000, prefill: true }],
    ['claude-haiku-4-5-20251001', { thinking: ['enabled', 'disabled'], efforts: [] }],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', { maxOutput: 64_000 }],
    ['claude-opus-4-1@20250805', { maxOutput: 32_000 }],
    ['claude-sonnet-4-20250514', { sampling: 'both', maxOutput: 64_000 }],
    ['claude-opus-4-20250514', { sampling: 'both', maxOutput: 32_000 }],
    ['claude-3-5-haiku-20241022', { thinking: [], maxOutput: 8_192 }],
    ['claude-opus-4-8[1m]', { sampling: 'none' }],
  ]
  for (const [model, expected] of rows) {
    test(model, () => expect(capabilitiesOf(model)).toMatchObject(expected))
  }

  test('is not claimed of models that the table does not know', () => {
    expect(capabilitiesOf('claude-opus-9')).toBeUndefined()
    expect(capabilitiesOf('gpt-5')).toBeUndefined()
    expect(isClaudeModel('gpt-5')).toBe(false)
  })
})

describe('a turn fitted to its model', () => {
  const fit = (request: Partial<MessagesRequest>) => {
    const whole = {
      model: 'claude-opus-4-8',
      messages: [{ role: 'user', content: 'Hi' }],
      ...request,
    }
    const { value, notes } = messagesRequestOut({ request: whole, hints: {}, notes: [] })
    return { ...value, notes }
  }

  test('thinking that cannot be turned off is left to the model, between tools where it can be', () => {
    const off = { thinking: { type: 'disabled' } }
    expect(fit({ ...off, model: 'claude-opus-5-5' }).thinking).toBeUndefined()
    expect(fit({ ...off, model: 'claude-sonnet-5-5' }).thinking).toEqual({ type: 'between_tools' })
    expect(fit({ ...off, model: 'claude-opus-4-8' }).thinking).toEqual({ type: 'disabled' })
  })

  test('a budget becomes adaptive where only that is known', () => {
    const thinking = { type: 'enabled', budget_tokens: 4096 }
    const out = fit({ thinking, max_tokens: 8000 })
    expect(out.thinking).toEqual({ type: 'adaptive' })
    expect(out.notes).toEqual(['thinking: "enabled" is not taken by the model, sent as "adaptive"'])
  })

  test('a budget leaves room for the answer, or goes', () => {
    const model = 'claude-haiku-4-5'
    const thinking = { type: 'enabled', budget_tokens: 8192 }
    expect(fit({ model, thinking, max_tokens: 4096 }).thinking).toEqual({
      type: 'enabled',
      budget_tokens: 4095,
    })
    expect(fit({ model, thinking, max_tokens: 1000 }).thinking).toBeUndefined()
  })

  test('a fixed budget is left out while a call without thinking waits for its output', () => {
    const out = fit({
      model: 'claude-haiku-4-5',
      thinking: { type: 'enabled', budget_tokens: 2048 },
      messages: [
        { role: 'user', content: 'Go' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'ok' }] },
      ],
    })
    expect(out.thinking).toBeUndefined()
    expect(out.notes).toEqual(['thinking: left out, the open tool call has none'])
  })

  test('an effort that the model lacks is the next weaker one', () => {
    const output_config = { effort: 'xhigh' }
    expect(fit({ model: 'claude-opus-4-6', output_config }).output_config).toEqual({
      effort: 'high',
    })
    expect(fit({ model: 'claude-opus-4-8', output_config }).output_config).toEqual({
      effort: 'xhigh',
    })
    expect(fit({ model: 'claude-sonnet-4-5', output_config }).output_config).toBeUndefined()
  })

  test('a prefill goes to models that take one, others are asked to continue', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'I' },
    ]
    expect(fit({ model: 'claude-sonnet-4-5', messages }).messages).toHaveLength(2)
    expect(fit({ model: 'claude-opus-4-6', messages }).messages).toHaveLength(3)
  })

  test('a limit over the cap is the cap', () => {
    expect(fit({ max_tokens: 500_000 }).max_tokens).toBe(128_000)
    expect(fit({ model: 'claude-opus-9', max_tokens: 500_000 }).max_tokens).toBe(500_000)
  })
})

test('taps count no more than a model can have said', () => {
  const absurd = { input_tokens: 1e18, output_tokens: 7, cache_read_input_tokens: 2 ** 53 }
  expect(tapUsage(absurd)).toEqual({ output: 7 })
  expect(chatTapUsage({ prompt_tokens: 1e300, completion_tokens: 5 })).toEqual({ output: 5 })
  expect(tapUsage({ input_tokens: 2_000_000 })).toEqual({ input: 2_000_000 })
})

test('taps count what was said, in the hub’s parts', () => {
  const chat = {
    prompt_tokens: 100,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 30 },
  }
  expect(chatTapUsage(chat)).toEqual({ input: 70, output: 5, cacheRead: 30 })
  expect(tapUsage({ input_tokens: 3, output_tokens: null, cache_read_input_tokens: 2.5 })).toEqual({
    input: 3,
  })
})
