import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpackTar } from 'modern-tar'
import manifest from '../../package.json' with { type: 'json' }
import { tarGz } from '../../scripts/release/archive.ts'
import { makeExtras } from '../../scripts/release/extras.ts'
import { sourceDate } from '../../scripts/release/git.ts'
import { checkTag, releaseNotes } from '../../scripts/release/notes.ts'
import { billOfMaterials } from '../../scripts/release/sbom.ts'
import { writeSums } from '../../scripts/release/sums.ts'
import { archiveName, chosenTargets, hostTarget, TARGETS } from '../../scripts/release/targets.ts'
import { ROOT, tempDir } from '../support/child.ts'
import { runRelease } from '../support/release.ts'

const TIME = new Date('2026-11-21T10:20:30Z')
const scratch = tempDir()

afterAll(() => scratch.remove())

const file = (path: string, text: string, executable = false) => ({
  path,
  bytes: new TextEncoder().encode(text),
  executable,
})
const FILES = [file('x/b', 'bee'), file('x/a', 'ay', true), file('x/ä', '')]

describe('archives', () => {
  test('tar.gz holds bytes, modes, times and nobody', async () => {
    const entries = await unpackTar(Bun.gunzipSync(await tarGz(FILES, TIME)))
    const shown = entries.map(({ header, data }) => [
      ...[header.name, header.mode, header.uid, header.gid, header.mtime?.toISOString()],
      new TextDecoder().decode(data),
    ])
    const when = '2026-11-21T10:20:30.000Z'
    expect(shown).toEqual([
      ['x/a', 0o755, 0, 0, when, 'ay'],
      ['x/b', 0o644, 0, 0, when, 'bee'],
      ['x/ä', 0o644, 0, 0, when, ''],
    ])
  })

  test('the order of files, the clock and the zone of the machine change no byte', async () => {
    const packed = Buffer.from(await tarGz(FILES, TIME))
    await Bun.sleep(1100)
    expect(packed.equals(await tarGz([...FILES].reverse(), TIME))).toBe(true)
    const zips = await Promise.all(['UTC', 'Asia/Tokyo', 'America/New_York'].map(zipIn))
    expect(zips[1]).toBe(zips[0]!)
    expect(zips[2]).toBe(zips[0]!)
  })

  test('a zip that the zone would change is refused', async () => {
    const code = `import { zip } from './scripts/release/archive.ts'; await zip([], new Date())`
    const child = Bun.spawnSync([process.execPath, '-e', code], {
      cwd: ROOT,
      env: { ...process.env, TZ: 'Asia/Tokyo' },
    })
    expect(child.stderr.toString()).toContain('set TZ=UTC')
  })
})

/** A zip made in a zone, as scripts/release.ts makes it: it sets TZ itself, after the process started. */
async function zipIn(zone: string): Promise<string> {
  const code = `
    import { zip } from './scripts/release/archive.ts'
    new Date().getHours()
    process.env.TZ = 'UTC'
    const files = [{ path: 'x', bytes: new Uint8Array([1]), executable: true }]
    console.log(Buffer.from(await zip(files, new Date(${TIME.getTime()}))).toString('hex'))`
  const child = Bun.spawn([process.execPath, '-e', code], {
    cwd: ROOT,
    env: { ...process.env, TZ: zone },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const text = await child.stdout.text()
  expect(text).toStartWith('504b0304')
  return text
}

describe('release notes', () => {
  const changelog = `# Changelog

## [Unreleased]

### Added

- new

## [1.2.0] - 2026-11-02

### Fixed

- one
- two

## [1.1.0] - 2026-10-01

- old

## [1.0.0] - 2026-09-01

[1.0.0]: https://example.com
`
  test('are the section of the version and nothing else', () => {
    expect(releaseNotes(changelog, '1.2.0')).toBe('### Fixed\n\n- one\n- two\n')
    expect(releaseNotes(changelog, '1.1.0')).toBe('- old\n')
    expect(releaseNotes(changelog, 'Unreleased')).toBe('### Added\n\n- new\n')
  })

  test('are refused where the section is missing, empty, undated or of another version', () => {
    for (const version of ['1.2', '1.3.0', '11.2.0', '1.2.0-rc.1']) {
      expect(() => releaseNotes(changelog, version), version).toThrow('has no section')
    }
    expect(() => releaseNotes(changelog, '1.0.0')).toThrow('[1.0.0] of CHANGELOG.md is empty')
    expect(() => releaseNotes('## [2.0.0]\n\n- x\n', '2.0.0')).toThrow('has no section')
  })

  test('of the project itself can be cut', async () => {
    const own = await Bun.file(join(ROOT, 'CHANGELOG.md')).text()
    expect(releaseNotes(own, 'Unreleased')).toContain('### Added')
  })
})

describe('what is refused before anything is built', () => {
  test('a tag that is not the version of package.json', async () => {
    expect(() => checkTag('v1.2.3', '1.2.3')).not.toThrow()
    for (const tag of ['1.2.3', 'v1.2.30', 'v1.2.3-rc.1', '']) {
      expect(() => checkTag(tag, '1.2.3'), tag).toThrow('package.json')
    }
    const { code, stderr } = await runRelease(['--snapshot', '--tag', 'v0.0.0'])
    expect(code).toBe(1)
    expect(stderr).toBe(
      `Error: The tag "v0.0.0" is not that of package.json: version ${manifest.version} needs v${manifest.version}\n`,
    )
  })

  test('an outdir that holds something else', async () => {
    const folder = join(scratch.path, 'full')
    mkdirSync(folder)
    writeFileSync(join(folder, 'mine.txt'), 'mine')
    const { code, stderr } = await runRelease(['--snapshot', '--outdir', folder])
    expect(code).toBe(1)
    expect(stderr).toContain('holds something that is no release')
    expect(await Bun.file(join(folder, 'mine.txt')).text()).toBe('mine')
  })

  test('an unknown target, a strange repository, binaries that are not there', async () => {
    const refused = async (...args: string[]) => {
      const outdir = join(scratch.path, 'out')
      const { code, stderr } = await runRelease(['--snapshot', '--outdir', outdir, ...args])
      expect(code).toBe(1)
      return stderr
    }
    expect(await refused('--target', 'amiga')).toContain('Unknown target "amiga"')
    expect(await refused('--repository', 'a b')).toContain('not of the form owner/name')
    expect(await refused('--binaries', scratch.path)).toContain('is missing')
  })

  test('a time that is none', () => {
    expect(sourceDate('1700000000').toISOString()).toBe('2023-11-14T22:13:20.000Z')
    expect(() => sourceDate('soon')).toThrow('SOURCE_DATE_EPOCH "soon"')
  })
})

describe('what the binary prints for the archives', () => {
  function program(script: string): string {
    const path = join(scratch.path, 'program')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }

  test('is taken as it comes, made away from this machine’s settings', async () => {
    const extra = { path: 'completions/x', command: ['completion', 'x y'] }
    const binary = program('printf "%s\\n" "$@"; env | grep -c "CCPROXY\\|SERVER"; pwd | head -c 1')
    process.env.CCPROXY_TEST_LEAK = 'leak'
    const made = await makeExtras(binary, [extra])
    delete process.env.CCPROXY_TEST_LEAK
    const { path, bytes } = made.get(extra)!
    expect(path).toBe('completions/x')
    expect(new TextDecoder().decode(bytes)).toBe('completion\nx y\n0\n/')
  })

  test('ends the release where the command fails or prints nothing', async () => {
    const extra = [{ path: 'completions/x', command: ['completion', 'x'] }]
    const failing = makeExtras(program('echo no such command >&2; exit 2'), extra)
    expect(failing).rejects.toThrow('"ccproxy completion x" ended with 2: no such command')
    await failing.catch(() => undefined)
    const silent = makeExtras(program('exit 0'), extra)
    expect(silent).rejects.toThrow('"ccproxy completion x" printed nothing')
    await silent.catch(() => undefined)
  })
})

describe('the bill of materials', () => {
  test('names every production dependency and Bun, no other, and is the same each time', async () => {
    const text = await billOfMaterials(TIME)
    expect(await billOfMaterials(TIME)).toBe(text)
    expect(text).not.toContain(ROOT)
    const sbom = JSON.parse(text)
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 })
    expect(sbom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(sbom.metadata.timestamp).toBe('2026-11-21T10:20:30.000Z')
    expect(sbom.metadata.component).toMatchObject({ name: 'ccproxy', type: 'application' })
    const refs: string[] = sbom.components.map((one: { 'bom-ref': string }) => one['bom-ref'])
    const direct = Object.entries(manifest.dependencies).map(
      ([name, version]) => `${name}@${version}`,
    )
    expect(refs).toEqual(expect.arrayContaining([...direct, manifest.packageManager]))
    for (const name of ['@biomejs/biome', 'modern-tar', '@langchain/core']) {
      expect(
        refs.some((ref) => ref.startsWith(`${name}@`)),
        name,
      ).toBe(false)
    }
    const root = sbom.dependencies.find(
      ({ ref }: { ref: string }) => ref === `ccproxy@${manifest.version}`,
    )
    expect(root.dependsOn).toEqual(expect.arrayContaining([...direct, manifest.packageManager]))
    const known = new Set([...refs, `ccproxy@${manifest.version}`])
    for (const { ref, dependsOn } of sbom.dependencies) {
      for (const one of [ref, ...dependsOn]) expect(known, one).toContain(one)
    }
  }, 30_000)
})

describe('names', () => {
  test('targets and archives', () => {
    expect(Object.keys(TARGETS)).toHaveLength(7)
    expect(chosenTargets(['host'])).toEqual([hostTarget()])
    expect(chosenTargets(undefined)).toEqual(Object.keys(TARGETS))
    expect(archiveName('1.2.3', 'linux-x64-musl')).toBe('ccproxy-1.2.3-linux-x64-musl.tar.gz')
    expect(archiveName('1.2.3', 'windows-x64')).toBe('ccproxy-1.2.3-windows-x64.zip')
  })

  test('sums are what sha256sum writes', async () => {
    writeFileSync(join(scratch.path, 'abc'), 'abc')
    await writeSums(scratch.path, ['abc'])
    expect(await Bun.file(join(scratch.path, 'SHA256SUMS')).text()).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n',
    )
  })
})
