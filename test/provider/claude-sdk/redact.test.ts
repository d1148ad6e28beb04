import { expect, test } from 'bun:test'
import { Secret } from '../../../src/kit/secret.ts'
import { excerpt, redact } from '../../../src/provider/claude-sdk/redact.ts'

test.each([
  ['key sk-ant-api03-AbC_9-x is bad', 'key sk-*** is bad'],
  ['Authorization: Bearer abc.def-123', 'Authorization: Bearer ***'],
  ['{"api_key":"abcdef123456"}', '{"api_key":"***"}'],
  ['GATEWAY_API_KEY=hunter2hunter2 end', 'GATEWAY_API_KEY=*** end'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig', 'jwt ***'],
  ['4096 tokens of 8192, at risk-free task-list', '4096 tokens of 8192, at risk-free task-list'],
])('%j', (text, safe) => {
  expect(redact(text)).toBe(safe)
})

test('values that are known go whatever they look like', () => {
  const secrets = [new Secret('correct horse'), new Secret('')]
  expect(redact('the correct horse ran', secrets)).toBe('the *** ran')
})

test('few lines, without colours, from the wanted end', () => {
  const text = '\x1b[31mone\x1b[0m\n\n two \nthree\nfour\n'
  expect(excerpt(text, 'first')).toBe('one / two / three')
  expect(excerpt(text, 'last')).toBe('two / three / four')
  expect(excerpt('x'.repeat(1000), 'first')).toBe(`${'x'.repeat(300)}…`)
})
