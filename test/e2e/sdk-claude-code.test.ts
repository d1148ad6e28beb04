import { expect, test } from 'bun:test'
import { runClaude } from '../support/claude.ts'
import { asJson, message, text } from '../support/fake-reply.ts'
import { heard, SDK_TEST_MS } from '../support/sdk.ts'
import { sdkForFile } from '../support/sdk-file.ts'

const { sdk } = await sdkForFile({ sdk: 'setting_sources = []' })

/** Claude Code as a client of ccproxy, whose upstream is Claude Code again. */
async function run(prompt: string) {
  const outcome = await runClaude({
    ...{ prompt, baseUrl: `${sdk.proxy.url}/sdk`, apiKey: 'a-client-key' },
    args: ['--model', 'claude-sonnet-4-6', '--allowedTools', 'Bash'],
  })
  const made = await outcome.file('made')
  outcome.remove()
  return { ...outcome, made }
}

test(
  'Claude Code runs its own tools through /sdk',
  async () => {
    sdk.fake.reply(
      message([
        { text: 'I run them.' },
        { tool: 'Bash', input: { command: 'echo first-$((40+2)) | tee made', description: 'One' } },
        { tool: 'Bash', input: { command: 'echo second-$((50+5))', description: 'Two' } },
      ]),
      text('Both ran.'),
    )
    const { stdout, stderr, made } = await run('Run both')
    expect(`${stdout}${stderr}`).toBe('Both ran.\n')
    // In the client's folder, not in that of the Claude Code behind /sdk.
    expect(made).toBe('first-42\n')
    const bodies = sdk.fake.messages().map((request) => asJson(JSON.parse(request.text)))
    expect(bodies.length).toBe(2)
    const names = (body: (typeof bodies)[number] | undefined) =>
      Array.isArray(body?.tools) ? body.tools.map((tool) => asJson(tool).name) : []
    expect(names(bodies[0])).toContain('Bash')
    expect(names(bodies[1])).toEqual(names(bodies[0]))
    expect(JSON.stringify(bodies[0]?.system)).toContain('You are')
    expect(sdk.fake.messages()[1]?.text).toContain('second-55')
    expect(heard(sdk.fake, 1)[0]).toContain('Run both')
  },
  SDK_TEST_MS,
)
