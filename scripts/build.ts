/**
 * Compiles the binaries into dist/ with their SHA-256 sums: all of them, or those named with
 * `--target` (`linux-x64`; `host` is this machine's). The Bun of another platform comes from npm.
 *
 * 2026: identifiers stay whole, because a stack trace in a bug report is worth more than 1 % of
 * size, and because Elysia reads the source of its handlers.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../package.json' with { type: 'json' }
import { commit, ROOT } from './release/git.ts'
import { writeSums } from './release/sums.ts'
import { binaryName, chosenTargets, TARGETS } from './release/targets.ts'

async function compile(target: string, folder: string): Promise<void> {
  const scratch = mkdtempSync(join(folder, '.build-'))
  const { success, logs } = await Bun.build({
    entrypoints: [join(ROOT, 'src/main.ts')],
    target: 'bun',
    format: 'esm',
    minify: { whitespace: true, syntax: true, identifiers: false },
    sourcemap: 'linked',
    bytecode: true,
    // What is imported lazily stays a chunk of its own: start-up reads none of it (−2 ms).
    splitting: true,
    define: {
      CCPROXY_VERSION: JSON.stringify(version),
      CCPROXY_COMMIT: JSON.stringify(commit()),
    },
    compile: {
      ...(TARGETS[target] === undefined ? {} : { target: TARGETS[target] }),
      // Bytecode depends on the outfile's name (not its folder), so the name is part of a build.
      outfile: join(scratch, binaryName(target)),
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    throw: false,
  })
  if (!success) throw new Error(`Cannot compile ${target}:\n${logs.join('\n')}`)
  // The maps are inside the binary; their copies beside it are of no use to anyone.
  renameSync(join(scratch, binaryName(target)), join(folder, binaryName(target)))
  rmSync(scratch, { recursive: true })
}

function targetsOrExit(names: readonly string[] | undefined): string[] {
  try {
    return chosenTargets(names)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  }
}

const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, outdir: { type: 'string' } },
})
const folder = values.outdir ?? join(ROOT, 'dist')
const targets = targetsOrExit(values.target)
mkdirSync(folder, { recursive: true })
for (const target of targets) {
  const started = performance.now()
  rmSync(join(folder, binaryName(target)), { force: true })
  await compile(target, folder)
  const { size } = Bun.file(join(folder, binaryName(target)))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${binaryName(target)}  ${(size / 1e6).toFixed(0)} MB  ${seconds} s`)
}
const built = Object.keys(TARGETS)
  .map(binaryName)
  .filter((name) => existsSync(join(folder, name)))
await writeSums(folder, built)
