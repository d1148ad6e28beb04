import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CANARY, type Patient, patient } from './patient.ts'

let who: Patient

beforeEach(async () => {
  who = await patient()
})
afterEach(() => who.remove())

describe('base-url', () => {
  test('of the shell leads elsewhere; the export that is advised mends it', async () => {
    who.env.ANTHROPIC_BASE_URL = `https://me:${CANARY}@gateway.example/x`
    const advice = `export ANTHROPIC_BASE_URL=${who.url}`
    expect(await who.complaint('base-url')).toBe(
      `warn: ANTHROPIC_BASE_URL in the shell leads to https://gateway.example, past ccproxy → ${advice}, or unset it`,
    )
    who.env.ANTHROPIC_BASE_URL = advice.split('=')[1]
    expect(await who.complaint('base-url')).toBe('')
    expect((await who.look('base-url'))[0]?.text).toBe('ANTHROPIC_BASE_URL in the shell leads here')
  })

  test.each([
    ['~/.claude/settings.json', '.claude/settings.json'],
    ['./.claude/settings.json', 'project/.claude/settings.json'],
    ['./.claude/settings.local.json', 'project/.claude/settings.local.json'],
    ['~/managed/managed-settings.json', 'managed/managed-settings.json'],
    ['~/managed/managed-settings.d/10-it.json', 'managed/managed-settings.d/10-it.json'],
  ])('of %s is graver, since it wins over "ccproxy code"', async (shown, file) => {
    const set = (url: string) =>
      who.write(file, JSON.stringify({ env: { ANTHROPIC_BASE_URL: url } }))
    set('http://127.0.0.1:1/')
    expect(await who.complaint('base-url')).toBe(
      `fail: ANTHROPIC_BASE_URL in ${shown} leads to port 1 of this machine, and ccproxy listens at ${who.url} → set it to ${who.url} in ${shown} ("env"), or remove it there`,
    )
    set(who.url)
    expect(await who.complaint('base-url')).toBe('')
  })

  test.each([
    ['https', 'begins with https:, and ccproxy speaks http:'],
    ['openai', 'is the address for OpenAI clients'],
    ['nonsense', 'is no URL'],
  ])('is wrong in its details: %s', async (what, problem) => {
    const values = {
      https: who.url.replace('http', 'https'),
      openai: `${who.url}/openai/v1`,
      nonsense: `x y ${CANARY}`,
    }
    who.env.ANTHROPIC_BASE_URL = values[what as keyof typeof values]
    expect(await who.complaint('base-url')).toStartWith(
      `warn: ANTHROPIC_BASE_URL in the shell ${problem}`,
    )
  })

  test('with a mode, another name of this machine or /v1 is right', async () => {
    for (const path of ['/sdk', '/to/gateway', '/v1', '/']) {
      who.env.ANTHROPIC_BASE_URL = `http://localhost:${who.port}${path}`
      expect(await who.complaint('base-url')).toBe('')
    }
  })

  test('is read from the folder that CLAUDE_CONFIG_DIR names', async () => {
    who.env.CLAUDE_CONFIG_DIR = join(who.home, 'other')
    who.write('other/settings.json', '{"env":{"ANTHROPIC_BASE_URL":"https://a.example"}}')
    expect(await who.complaint('base-url')).toContain(
      'in ~/other/settings.json leads to https://a.example',
    )
    const [read] = await who.look('claude-settings')
    expect(read?.text).toEndWith(`CLAUDE_CONFIG_DIR is ${who.home}/other`)
    who.write('other/settings.json', '{}')
    expect(await who.complaint('base-url')).toBe('')
  })
})

describe('cloud', () => {
  test.each(['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_USE_FOUNDRY'])(
    '%s leads past ccproxy until it is unset',
    async (name) => {
      who.env[name] = '1'
      expect(await who.complaint('cloud')).toBe(
        `warn: ${name} in the shell takes Claude Code past ccproxy ("ccproxy code" unsets it) → unset ${name}`,
      )
      delete who.env[name]
      expect(await who.complaint('cloud')).toBe('')
      who.claude({ env: { [name]: 'true' } })
      expect(await who.complaint('cloud')).toBe(
        `fail: ${name} in ~/.claude/settings.json takes Claude Code past ccproxy → remove ${name} from ~/.claude/settings.json ("env")`,
      )
      who.claude({ env: { [name]: '0' } })
      expect(await who.complaint('cloud')).toBe('')
    },
  )

  test('with a base URL that leads here is no detour', async () => {
    who.claude({
      env: { CLAUDE_CODE_USE_BEDROCK: '1', ANTHROPIC_BEDROCK_BASE_URL: `${who.url}/bedrock` },
    })
    expect(await who.complaint('cloud')).toBe('')
  })
})

test('key-helper: a helper of Claude Code beats the key of ccproxy until it is removed', async () => {
  who.claude({ apiKeyHelper: `echo ${CANARY}` })
  const complaint = await who.complaint('key-helper')
  expect(complaint).toStartWith('warn: apiKeyHelper in ~/.claude/settings.json gives')
  expect(complaint).toContain('→ remove apiKeyHelper from ~/.claude/settings.json')
  who.claude({})
  expect(await who.complaint('key-helper')).toBe('')
})

describe('token', () => {
  beforeEach(() => {
    who.config(`[security]\nauth_token = "${CANARY}"\n`)
    who.env.ANTHROPIC_BASE_URL = who.url
  })
  const fix = '→ set ANTHROPIC_AUTH_TOKEN in the shell to the client key (security.auth_token)'

  test('is missing', async () => {
    expect(await who.complaint('token')).toBe(
      `fail: ccproxy asks for a client key, and Claude Code sends none ${fix}`,
    )
    who.env.ANTHROPIC_AUTH_TOKEN = CANARY
    expect(await who.complaint('token')).toBe('')
  })

  test('is another one', async () => {
    who.claude({ env: { ANTHROPIC_AUTH_TOKEN: `${CANARY}-of-yesterday` } })
    who.env.ANTHROPIC_AUTH_TOKEN = CANARY
    expect(await who.complaint('token')).toBe(
      `fail: Claude Code sends another key than ccproxy asks for: ANTHROPIC_AUTH_TOKEN in ~/.claude/settings.json ${fix}`,
    )
    who.claude({ env: { ANTHROPIC_AUTH_TOKEN: CANARY } })
    expect(await who.complaint('token')).toBe('')
  })

  test('may come in either header, and only its hash need be known', async () => {
    const sha256 = new Bun.CryptoHasher('sha256').update(CANARY).digest('hex')
    who.config(`[[security.tokens]]\nname = "me"\nsha256 = "${sha256}"\n`)
    who.env.ANTHROPIC_CUSTOM_HEADERS = `x-api-key: ${CANARY}`
    expect(await who.complaint('token')).toBe('')
    who.env.ANTHROPIC_CUSTOM_HEADERS = 'x-team: a'
    expect(await who.complaint('token')).toStartWith('fail: ccproxy asks for a client key')
  })
})

describe('loopback-proxy', () => {
  test('of the shell would be asked for this machine', async () => {
    who.env.HTTPS_PROXY = `http://me:${CANARY}@proxy.example:3128`
    who.env.NO_PROXY = 'intranet'
    expect(await who.complaint('loopback-proxy')).toBe(
      'warn: HTTPS_PROXY in the shell also takes what is meant for 127.0.0.1: clients do not find ccproxy → export NO_PROXY=intranet,127.0.0.1',
    )
    who.env.NO_PROXY = 'intranet,127.0.0.1'
    expect(await who.complaint('loopback-proxy')).toBe('')
  })

  test('of a settings file is graver', async () => {
    who.claude({ env: { HTTP_PROXY: 'http://proxy.example:3128' } })
    expect(await who.complaint('loopback-proxy')).toEndWith(
      '→ set NO_PROXY in ~/.claude/settings.json ("env") to 127.0.0.1',
    )
    who.claude({ env: { HTTP_PROXY: 'http://proxy.example:3128', NO_PROXY: '127.0.0.1' } })
    expect(await who.complaint('loopback-proxy')).toBe('')
  })
})

describe('model', () => {
  const gateway = '[providers.gateway]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n'
  const route = '[routing]\ndefault = "gateway"\n'

  test("is a cloud's name", async () => {
    who.env.ANTHROPIC_MODEL = 'us.anthropic.claude-sonnet-5-v1:0'
    expect(await who.complaint('model')).toBe(
      'warn: The model "us.anthropic.claude-sonnet-5-v1:0" is a cloud\'s name for it; "anthropic" does not know it → remove it (ANTHROPIC_MODEL in the shell), or give it the name that Anthropic\'s API has',
    )
    who.env.ANTHROPIC_MODEL = 'claude-sonnet-5'
    expect(await who.complaint('model')).toBe('')
  })

  test('is shown, but another one always answers', async () => {
    who.config(`${route}${gateway}default_model = "glm"\nforce_model = true\n`)
    who.claude({ model: 'claude-opus-5' })
    expect(await who.complaint('model')).toBe(
      'warn: Claude Code shows "claude-opus-5", but "glm" always answers (force_model) → set it to anthropic/gateway/glm, or remove it (model in ~/.claude/settings.json)',
    )
    who.claude({ model: 'anthropic/gateway/glm' })
    expect(await who.complaint('model')).toBe('')
  })

  test('has no place in the map of a gateway', async () => {
    who.config(`${route}${gateway}`)
    who.claude({ model: 'claude-opus-5' })
    const complaint = await who.complaint('model')
    expect(complaint).toContain(
      '→ map it in providers.gateway.models, or set providers.gateway.default_model',
    )
    who.config(`${route}${gateway}models = { "claude-opus-*" = "glm" }\n`)
    expect(await who.complaint('model')).toBe('')
  })
})

test('claude-settings: a file that cannot be read is named', async () => {
  who.write('.claude/settings.json', `{"env": ${CANARY}`)
  expect(await who.complaint('claude-settings')).toBe(
    'fail: Claude Code cannot use ~/.claude/settings.json: it is no JSON object → correct or remove ~/.claude/settings.json',
  )
  who.claude({})
  expect(await who.complaint('claude-settings')).toBe('')
})

describe('claude', () => {
  const version = (text: string) =>
    `#!/bin/sh\ncase "$1" in --version) echo "${text}";; *) echo '{"loggedIn":true,"authMethod":"api_key","apiKeySource":"ANTHROPIC_API_KEY"}';; esac\n`

  test('is not there, then too old, then right', async () => {
    who.env.PATH = join(who.home, 'bin')
    who.config('[sdk]\ncli_path = "claude"\n')
    expect(await who.complaint('claude')).toContain(
      'PATH does not have it: "ccproxy code" and /sdk do not work → correct it',
    )
    const path = who.write('bin/claude', version('2.0.1 (Claude Code)'), 0o755)
    expect(await who.complaint('claude')).toBe(
      `warn: Claude Code 2.0.1 (${path}) is older than 2.1.41 → claude update`,
    )
    who.write('bin/claude', version('2.1.329 (Claude Code)'), 0o755)
    chmodSync(path, 0o755)
    expect(await who.complaint('claude')).toBe('')
    expect((await who.look('claude'))[0]?.text).toBe(
      `Claude Code 2.1.329 (${path}): API key of ANTHROPIC_API_KEY`,
    )
    who.write('bin/claude', '#!/bin/sh\nexit 3\n', 0o755)
    expect(await who.complaint('claude')).toStartWith(`fail: Claude Code (${path}) does not work: `)
    rmSync(path)
  })
})

describe('isolation', () => {
  const script = (name: string, text: string) =>
    who.write(`bin/${name}`, `#!/bin/sh\n${text}\n`, 0o755)
  beforeEach(() => {
    who.env.PATH = join(who.home, 'bin')
  })

  test('is not looked at where there is none', async () => {
    expect(await who.look('isolation')).toEqual([])
  })

  test('by bubblewrap: not there, not allowed, and right', async () => {
    who.config('[sdk]\nisolation = "bubblewrap"\n')
    expect(await who.complaint('isolation')).toBe(
      'fail: Cannot run Claude Code in bubblewrap: "bwrap" is not installed or not in PATH: /sdk does not work → install it (on Debian: apt-get install bubblewrap), or set sdk.bubblewrap.command',
    )
    script('bwrap', 'echo "bwrap: No permissions to create new namespace" >&2; exit 1')
    expect(await who.complaint('isolation')).toContain('lets no ordinary user make namespaces')
    script('bwrap', 'exit 0')
    expect(await who.look('isolation')).toMatchObject([
      { level: 'ok', text: 'Claude Code can run in bubblewrap (sdk.isolation)' },
    ])
  })

  test('by docker: no daemon, no image, and right', async () => {
    who.config('[sdk]\nisolation = "docker"\n[sdk.docker]\nimage = "claude:1"\n')
    script('docker', 'echo "Cannot connect to the Docker daemon at x" >&2; exit 1')
    expect(await who.complaint('isolation')).toBe(
      'fail: Cannot run Claude Code in docker: its daemon does not answer: /sdk does not work → start it (systemctl start docker), or set DOCKER_HOST',
    )
    script(
      'docker',
      '[ "$*" = "image inspect claude:1" ] && echo "Error: No such image: claude:1" >&2; exit 1',
    )
    expect(await who.complaint('isolation')).toContain('image "claude:1" is not there')
    script('docker', 'exit 0')
    expect(await who.complaint('isolation')).toBe('')
  })
})
