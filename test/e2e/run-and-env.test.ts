import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ccproxyCommand } from '../support/ccproxy.ts'
import { type CodeHome, codeHome } from '../support/code-home.ts'
import { codexPath } from '../support/codex.ts'
import { until } from '../support/wait.ts'

const TIMEOUT = 60_000
const ENV = ['run', '--', 'env']

let home: CodeHome
afterEach(() => home.remove())

function variable(text: string, name: string): string | undefined {
  return text
    .split('\n')
    .find((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1)
}

describe('ccproxy run', () => {
  test(
    'brings the real Codex to an answer and leaves its own config alone',
    async () => {
      home = await codeHome()
      symlinkSync(codexPath(), join(home.path, 'bin', 'codex'))
      const config =
        'model_provider = "elsewhere"\n[model_providers.elsewhere]\nname = "E"\nbase_url = "http://127.0.0.1:9/v1"\n'
      home.write('.codex/config.toml', config)
      const exec = ['exec', '--skip-git-repo-check', 'Say exactly: codex through ccproxy']
      const outcome = await home.run(['run', '--', 'codex', ...exec])
      expect(outcome.stderr).toContain('provider: ccproxy')
      expect(outcome).toMatchObject({ code: 0, stdout: 'codex through ccproxy\n' })
      expect(readFileSync(join(home.path, '.codex', 'config.toml'), 'utf8')).toBe(config)
      expect(existsSync(join(home.path, '.codex', 'sessions'))).toBe(true)
      await until('the end of the proxy', async () => !(await home.answers()), 10_000)
    },
    TIMEOUT,
  )

  test(
    'gives Claude Code the variables of ccproxy code',
    async () => {
      home = await codeHome()
      const outcome = await home.run(['run', 'claude', '-p', 'Say exactly: by its name'])
      expect(outcome).toMatchObject({ code: 0, stdout: 'by its name\n' })
      const { stdout } = await home.run(ENV)
      expect(variable(stdout, 'ANTHROPIC_API_KEY')).toBe('unused')
    },
    TIMEOUT,
  )

  test('gives any client both families of variables, for the way that is asked for', async () => {
    home = await codeHome()
    const { stdout } = await home.run(['run', '--provider', 'demo', '--', 'env'])
    expect(variable(stdout, 'ANTHROPIC_BASE_URL')).toBe(`${home.url}/to/demo`)
    for (const name of ['OPENAI_BASE_URL', 'OPENAI_API_BASE', 'AIDER_OPENAI_API_BASE']) {
      expect(variable(stdout, name)).toBe(`${home.url}/to/demo/openai/v1`)
    }
    expect(variable(stdout, 'OPENAI_API_KEY')).toBe('unused')
    const before = await home.run(['--mode', 'api', 'run', 'env'])
    expect(variable(before.stdout, 'ANTHROPIC_BASE_URL')).toBe(`${home.url}/api`)
  })

  test('brings clients of both families to an answer with the client key', async () => {
    home = await codeHome()
    const ask = `
      const messages = [{ role: 'user', content: 'Say exactly: both' }]
      const { env } = process
      const post = async (url, headers) => {
        const body = JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 99, messages })
        return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).json()
      }
      const chat = await post(env.OPENAI_BASE_URL + '/chat/completions', { authorization: 'Bearer ' + env.OPENAI_API_KEY })
      const said = await post(env.ANTHROPIC_BASE_URL + '/v1/messages', { 'x-api-key': env.ANTHROPIC_API_KEY })
      console.log(chat.choices[0].message.content, said.content[0].text)`
    const file = home.write('client.ts', ask)
    const args = ['--auth-token', 'a-key-that-is-long-enough', 'run', '--', process.execPath, file]
    expect(await home.run(args)).toMatchObject({ code: 0, stdout: 'both both\n' })
  })

  test('passes arguments and exit codes on, and ends as shells do where there is no program', async () => {
    home = await codeHome()
    home.write('bin/words', '#!/bin/sh\nprintf "%s\\0" "$@"\nexit 7\n')
    home.write('bare', 'exit 9\n')
    const given = ['--help', '', '--', 'é', '-p', '1']
    const outcome = await home.run(['run', 'words', ...given])
    expect(outcome.stdout.split('\0').slice(0, -1)).toEqual(given)
    expect(outcome.code).toBe(7)
    const missing = await home.run(['run', '--', 'no-such-program'])
    expect(missing).toMatchObject({ code: 127 })
    expect(missing.stderr).toContain('Cannot run "no-such-program": PATH does not have it')
    expect((await home.run(['run', './bare'])).code).toBe(126)
    expect((await home.run(['run', '--'])).code).toBe(2)
    expect((await home.run(['run', '--help'])).stdout).toContain('ccproxy run [FLAGS] -- COMMAND')
  })
})

describe('ccproxy env', () => {
  const evaluated = (args: string, then: string) =>
    ['-c', `eval "$(${ccproxyCommand(['env']).join(' ')} ${args})"; ${then}`] as const

  test('makes a shell a client, and takes that back', async () => {
    home = await codeHome()
    const shell = home.sit(evaluated('--shell bash', 'echo "[$ANTHROPIC_BASE_URL]"'), ['bash'])
    await shell.sees(`[${home.url}]`)
    const back = home.sit(
      ['-c', `export OPENAI_BASE_URL=x ANTHROPIC_AUTH_TOKEN=x; ${evaluated('--unset', 'env')[1]}`],
      ['bash'],
    )
    expect(await back.exited).toBe(0)
    expect(back.screen()).not.toMatch(/^(OPENAI|ANTHROPIC|AIDER)_/m)
  })

  test('is JSON for programs, and shows no secret that it need not', async () => {
    home = await codeHome()
    const own = { ANTHROPIC_API_KEY: 'sk-ant-api03-mine', CLAUDE_CODE_USE_VERTEX: '1' }
    const { stdout, stderr } = await home.run(['env', '--json'], own)
    expect(JSON.parse(stdout)).toMatchObject({
      ANTHROPIC_BASE_URL: home.url,
      OPENAI_API_KEY: 'unused',
      CLAUDE_CODE_USE_VERTEX: null,
    })
    expect(stdout).not.toContain('sk-ant-')
    expect(stderr).toContain(`No ccproxy answers at ${home.url} yet`)
    expect(home.proxies()).toEqual([])
  })

  test('says on a terminal that the lines hold the client key, and how to use them', async () => {
    home = await codeHome()
    const run = home.sit(['--auth-token', 'a-key-that-is-long-enough', 'env', '--shell', 'fish'])
    await run.sees("set -gx ANTHROPIC_AUTH_TOKEN 'a-key-that-is-long-enough';")
    await run.sees('hold your client key')
    await run.sees('ccproxy env | source')
    expect(await run.exited).toBe(0)
  })

  test('knows its shells', async () => {
    home = await codeHome()
    const wrong = await home.run(['env', '--shell', 'zhs'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('Unknown shell "zhs" (did you mean "zsh"?)')
    const { stdout } = await home.run(['env', '--shell', 'powershell'])
    expect(stdout).toContain(`$env:OPENAI_BASE_URL = '${home.url}/openai/v1'\n`)
  })
})
