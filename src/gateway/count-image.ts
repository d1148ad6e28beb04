import type { ImageSize } from '../protocol/messages/image-size.ts'

/** An image that cannot be seen from here (by URL, by file id) counts as one of this size. */
export const UNSEEN_IMAGE: ImageSize = { width: 1024, height: 1024 }

/** Base and tokens of each 512-pixel tile, with 85/170 for any other model of OpenAI. */
const TILES: readonly (readonly [RegExp, number, number])[] = [
  [/gpt-4o-mini/, 2833, 5667],
  [/gpt-5/, 70, 140],
  [/(?:^|\W)o[13]/, 75, 150],
  [/./, 85, 170],
]

/**
 * Factor and limit of the 32-pixel patches, for the models that count in patches. The 1.2 is
 * measured (image-token-cost, 10 sizes on gpt-5.5 and gpt-6), the rest is OpenAI's guide.
 */
const PATCHES: readonly (readonly [RegExp, number, number])[] = [
  [/gpt-(?:[6-9]|\d\d)/, 1.2, Number.POSITIVE_INFINITY],
  [/gpt-5\.(?:[4-9]|\d\d)/, 1.2, 10_000],
  [/gpt-(?:4\.1|5[.\d]*)(?:-codex)?-mini/, 1.62, 1536],
  [/gpt-(?:4\.1|5[.\d]*)-nano/, 2.46, 1536],
  [/o4-mini/, 1.72, 1536],
]

/** How many tokens an image of a size takes on a model. */
export function countImage(size: ImageSize, model: string, family: string): number {
  const name = model.toLowerCase()
  if (family === 'openai') return openAiImage(size, name)
  if (family === 'gemini') return geminiImage(size, name)
  // As measured on Claude 5.5 and 4.5; the sizes of the other families are not published.
  return family === 'claude-4.7' ? claudeImage(size, 2000, 4784) : claudeImage(size, 1568, 1568)
}

function openAiImage(size: ImageSize, model: string): number {
  const patched = PATCHES.find(([pattern]) => pattern.test(model))
  if (patched !== undefined) return Math.ceil(patches(size, 32, patched[2]) * patched[1])
  const [, base, tile] = TILES.find(([pattern]) => pattern.test(model)) ?? [/./, 85, 170]
  const fitted = shrink(size, Math.min(1, 2048 / Math.max(size.width, size.height)))
  const { width, height } = shrink(fitted, Math.min(1, 768 / Math.min(fitted.width, fitted.height)))
  return base + tile * Math.ceil(width / 512) * Math.ceil(height / 512)
}

/** Gemini 3 spends a fixed budget; before, 258 a tile of two thirds of the shorter side. */
function geminiImage({ width, height }: ImageSize, model: string): number {
  if (!/gemini-(?:1|2)/.test(model)) return 1090
  if (width <= 384 && height <= 384) return 258
  const unit = Math.min(768, Math.max(256, Math.floor(Math.min(width, height) / 1.5)))
  return 258 * Math.ceil(width / unit) * Math.ceil(height / unit)
}

/** Claude's 28-pixel patches (about width × height / 750), after it has shrunk a large image. */
function claudeImage(size: ImageSize, edge: number, limit: number): number {
  const scale = Math.min(1, edge / Math.max(size.width, size.height))
  return patches(shrink(size, scale), 28, limit)
}

function shrink({ width, height }: ImageSize, scale: number): ImageSize {
  return { width: width * scale, height: height * scale }
}

/** Whole patches; beyond the limit the image is shrunk until whole patches fill one of its sides. */
function patches(size: ImageSize, side: number, limit: number): number {
  const across = ({ width, height }: ImageSize) =>
    Math.ceil(width / side) * Math.ceil(height / side)
  if (across(size) <= limit) return across(size)
  const scale = Math.sqrt((side * side * limit) / (size.width * size.height))
  const { width, height } = shrink(size, scale / side)
  const whole = Math.min(Math.floor(width) / width, Math.floor(height) / height)
  // A sliver thinner than one patch has no whole patch to fit; it takes the limit.
  return whole > 0 ? Math.min(limit, across(shrink(size, scale * whole))) : limit
}
