import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  checkIsolation,
  explainIsolationFailure,
} from '../../../src/provider/claude-sdk/isolation-check.ts'
import type { ToolResult } from '../../../src/provider/claude-sdk/isolation-run.ts'
import { runTool } from '../../../src/provider/claude-sdk/isolation-run.ts'
import { isolationOptions } from '../../support/isolated.ts'

const FOLDERS = { more: '/more', config: '/config' }
const docker = isolationOptions('docker', FOLDERS, { image: 'image' })
const bubblewrap = isolationOptions('bubblewrap', FOLDERS)

function failed(stderr: string, exitCode = 1): ToolResult {
  return { kind: 'done', exitCode, stdout: '', stderr }
}

/** What these tools say, word by word (docker 20.10, bwrap 0.8). */
const SAYINGS = [
  [
    docker,
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n',
    'Cannot run Claude Code in docker: its daemon does not answer; start it (systemctl start docker), or set DOCKER_HOST',
  ],
  [
    docker,
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n',
    'Cannot run Claude Code in docker: its daemon does not let this user in; add the user to the group "docker" and log in again',
  ],
  [
    docker,
    'Error: No such image: image\n',
    'Cannot run Claude Code in docker: image "image" is not there; build it (scripts/docker/claude-code/Dockerfile), pull it, or set sdk.docker.image',
  ],
  [
    docker,
    'docker: Error response from daemon: Conflict.\nSee docker run --help.\n',
    'Cannot run Claude Code in docker: Error response from daemon: Conflict.; see the [sdk.docker] settings',
  ],
  [
    bubblewrap,
    'bwrap: setting up uid map: Permission denied\n',
    'Cannot run Claude Code in bubblewrap: this system lets no ordinary user make namespaces (setting up uid map: Permission denied); allow bwrap to (an AppArmor profile with "userns", or sysctl kernel.unprivileged_userns_clone=1), or use docker',
  ],
  [
    bubblewrap,
    "bwrap: Can't find source path /gone: No such file or directory\n",
    "Cannot run Claude Code in bubblewrap: Can't find source path /gone: No such file or directory; see the [sdk.bubblewrap] settings",
  ],
] as const

describe('the check before a start', () => {
  test('asks nobody where nothing is isolated', async () => {
    const never = () => Promise.reject(new Error('asked'))
    expect(await checkIsolation(isolationOptions('none', FOLDERS), {}, never)).toBeUndefined()
  })

  test('finds nothing wrong where the tool answers', async () => {
    const asked: string[] = []
    const run = async (command: readonly string[]): Promise<ToolResult> => {
      asked.push(command.join(' '))
      return { kind: 'done', exitCode: 0, stdout: '[]', stderr: '' }
    }
    expect(await checkIsolation(docker, {}, run)).toBeUndefined()
    expect(await checkIsolation(bubblewrap, {}, run)).toBeUndefined()
    expect(asked[0]).toBe('docker image inspect image')
    expect(asked[1]).toMatch(/^bwrap --unshare-pid .* -- true$/)
  })

  test.each(SAYINGS)('%#: says what to do', async (options, stderr, message) => {
    const error = await checkIsolation(options, {}, async () => failed(stderr))
    expect(error).toMatchObject({ kind: 'unavailable', status: 503, message })
  })

  test('without an image asks nobody', async () => {
    const never = () => Promise.reject(new Error('asked'))
    const error = await checkIsolation(isolationOptions('docker', FOLDERS), {}, never)
    expect(error?.message).toContain('sdk.docker.image is not set')
  })

  test.each([
    [docker, 'docker.io', 'sdk.docker.command'],
    [bubblewrap, 'bubblewrap', 'sdk.bubblewrap.command'],
  ] as const)(
    '%#: names the package where the command is missing',
    async (options, name, setting) => {
      const error = await checkIsolation(options, { PATH: '/nowhere' })
      const command = options.kind === 'docker' ? 'docker' : 'bwrap'
      expect(error?.status).toBe(503)
      expect(error?.message).toBe(
        `Cannot run Claude Code in ${options.kind}: "${command}" is not installed or not in PATH; install it (on Debian: apt-get install ${name}), or set ${setting}`,
      )
    },
  )

  test('gives up on a command that never answers', async () => {
    const error = await checkIsolation(docker, {}, async () => ({ kind: 'timeout' }))
    expect(error?.message).toBe(
      'Cannot run Claude Code in docker: "docker" did not answer in 5 s; run it yourself to see why',
    )
  })
})

describe('a process that ended', () => {
  test.each(SAYINGS)('%#: because of its isolation', (options, stderr, message) => {
    const exitCode = options.kind === 'docker' ? 125 : 1
    expect(explainIsolationFailure(options, { exitCode, stderr })?.message).toBe(message)
  })

  test.each([
    'docker: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "claude": executable file not found in $PATH: unknown.',
    '[FATAL tini (8)] exec claude failed: No such file or directory',
  ])('because the image has no Claude Code: %s', (stderr) => {
    expect(explainIsolationFailure(docker, { exitCode: 127, stderr })?.message).toBe(
      'Cannot run Claude Code in docker: image "image" has no "claude"; set sdk.docker.cli_path to where Claude Code is in it',
    )
  })

  test('because its command was never there', () => {
    const error = explainIsolationFailure(bubblewrap, { spawnError: 'ENOENT', stderr: '' })
    expect(error?.message).toContain('"bwrap" is not installed or not in PATH')
  })

  test('by itself', () => {
    const outcome = { exitCode: 1, stderr: 'Not logged in\n' }
    for (const options of [docker, bubblewrap, isolationOptions('none', FOLDERS)]) {
      expect(explainIsolationFailure(options, outcome)).toBeUndefined()
    }
  })
})

test('A tool that hangs is ended in time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ccproxy-test-'))
  const path = join(folder, 'hang')
  writeFileSync(path, '#!/bin/sh\nexec sleep 60\n', { mode: 0o700 })
  expect(await runTool([path], { PATH: '/bin:/usr/bin' }, 100)).toEqual({ kind: 'timeout' })
  rmSync(folder, { recursive: true })
})
