import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type CodeHome, codeHome } from '../support/code-home.ts'

let home: CodeHome

beforeEach(async () => {
  home = await codeHome()
})
afterEach(() => home.remove())

test('ccproxy doctor finds what keeps Claude Code away, and its advice mends it', async () => {
  home.write('.claude/settings.json', '{"env":{"ANTHROPIC_BASE_URL":"http://127.0.0.1:1"}}')
  const ill = home.sit(['doctor'])
  await ill.sees('Claude Code')
  await ill.sees('✗')
  await ill.sees(`→ set it to ${home.url} in ./.claude/settings.json`)
  await ill.sees('1 problem, ')
  expect(await ill.exited).toBe(1)
  home.write('.claude/settings.json', `{"env":{"ANTHROPIC_BASE_URL":"${home.url}"}}`)
  const mended = home.sit(['doctor'])
  await mended.sees('ANTHROPIC_BASE_URL in ./.claude/settings.json leads here')
  await mended.sees('All is well')
  expect(await mended.exited).toBe(0)
})

test('ccproxy doctor knows the real Claude Code, the proxy that runs and the time that it may take', async () => {
  const proxy = home.start(['serve'])
  while (!(await home.answers())) await Bun.sleep(20)
  const began = performance.now()
  const outcome = await home.run(['doctor', '--json'])
  expect(performance.now() - began).toBeLessThan(10_000)
  const { checks } = JSON.parse(outcome.stdout)
  const texts = checks.map(({ text }: { text: string }) => text)
  expect(texts).toContain(`ccproxy answers at ${home.url}`)
  expect(texts.some((text: string) => /^Claude Code \d+\.\d+\.\d+ \(.*claude\)/.test(text))).toBe(
    true,
  )
  expect(outcome.code).toBe(0)
  proxy.kill('SIGTERM')
  expect((await proxy.ended).code).toBe(0)
})
