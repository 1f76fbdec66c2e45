// The network and its training, in plain arrays: 5 × 5 convolution, 3 × 3 convolution (each with ReLU and 2 × 2 maximum),
// a hidden layer, ten outputs; Adam on batches of fresh digits. Small enough to read, and for a processor core.
import { Adam, type Parameter, parameter } from './adam.ts'
import type { SeededRandom } from './random.ts'

export const shape = {
  side: 28,
  first: 8,
  firstKernel: 5,
  second: 24,
  secondKernel: 3,
  hidden: 64,
  digits: 10,
} as const

const pooledFirst = (shape.side - shape.firstKernel + 1) / 2
const pooledSecond = (pooledFirst - shape.secondKernel + 1) / 2
export const flat = shape.second * pooledSecond * pooledSecond

export interface Network {
  conv1: Parameter
  bias1: Parameter
  conv2: Parameter
  bias2: Parameter
  dense1: Parameter
  bias3: Parameter
  dense2: Parameter
  bias4: Parameter
}

export function newNetwork(random: SeededRandom): Network {
  // He's initialisation: the deviation keeps the variance of a layer of ReLUs.
  const weights = (count: number, inputs: number) => parameter(count, () => random.normal(Math.sqrt(2 / inputs)))
  const zeros = (count: number) => parameter(count, () => 0)
  const [area1, area2] = [shape.firstKernel ** 2, shape.secondKernel ** 2 * shape.first]
  return {
    conv1: weights(shape.first * area1, area1),
    bias1: zeros(shape.first),
    conv2: weights(shape.second * area2, area2),
    bias2: zeros(shape.second),
    dense1: weights(shape.hidden * flat, flat),
    bias3: zeros(shape.hidden),
    dense2: weights(shape.digits * shape.hidden, shape.hidden),
    bias4: zeros(shape.digits),
  }
}

interface Convolution {
  channels: number
  size: number
  filters: number
  kernel: number
}

const convolution1: Convolution = { channels: 1, size: shape.side, filters: shape.first, kernel: shape.firstKernel }
const convolution2: Convolution = {
  channels: shape.first,
  size: pooledFirst,
  filters: shape.second,
  kernel: shape.secondKernel,
}

/** Convolution, ReLU and the maximum of each 2 × 2, which is remembered in `chosen` for the way back. */
function convolveAndPool(
  layer: Convolution,
  input: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  output: Float32Array,
  chosen: Int32Array,
): void {
  const { channels, size, filters, kernel } = layer
  const wide = size - kernel + 1
  const half = wide / 2
  const plane = new Float32Array(wide * wide)
  for (let filter = 0; filter < filters; filter++) {
    plane.fill(bias[filter] as number)
    for (let channel = 0; channel < channels; channel++) {
      for (let ky = 0; ky < kernel; ky++) {
        for (let kx = 0; kx < kernel; kx++) {
          const w = weight[((filter * channels + channel) * kernel + ky) * kernel + kx] as number
          for (let y = 0; y < wide; y++) {
            const from = (channel * size + y + ky) * size + kx
            const to = y * wide
            for (let x = 0; x < wide; x++) plane[to + x] = (plane[to + x] as number) + w * (input[from + x] as number)
          }
        }
      }
    }
    for (let y = 0; y < half; y++) {
      for (let x = 0; x < half; x++) {
        const corner = 2 * y * wide + 2 * x
        let best = corner
        for (const at of [corner + 1, corner + wide, corner + wide + 1])
          if ((plane[at] as number) > (plane[best] as number)) best = at
        const at = (filter * half + y) * half + x
        output[at] = Math.max(0, plane[best] as number)
        chosen[at] = best
      }
    }
  }
}

/** Only the chosen pixel of each 2 × 2 has a gradient, so the way back costs a quarter of the way there. */
function backThroughPool(
  layer: Convolution,
  input: Float32Array,
  weight: Parameter,
  bias: Parameter,
  output: Float32Array,
  chosen: Int32Array,
  gradient: Float32Array,
  inputGradient: Float32Array | null,
): void {
  const { channels, size, filters, kernel } = layer
  const wide = size - kernel + 1
  const pooled = (wide / 2) ** 2
  for (let filter = 0; filter < filters; filter++) {
    for (let cell = filter * pooled; cell < (filter + 1) * pooled; cell++) {
      const g = gradient[cell] as number
      if (g === 0 || (output[cell] as number) <= 0) continue
      const at = chosen[cell] as number
      const [y, x] = [Math.floor(at / wide), at % wide]
      bias.gradient[filter] = (bias.gradient[filter] as number) + g
      for (let channel = 0; channel < channels; channel++) {
        for (let ky = 0; ky < kernel; ky++) {
          const from = (channel * size + y + ky) * size + x
          const w = ((filter * channels + channel) * kernel + ky) * kernel
          for (let kx = 0; kx < kernel; kx++) {
            weight.gradient[w + kx] = (weight.gradient[w + kx] as number) + g * (input[from + kx] as number)
            if (inputGradient !== null)
              inputGradient[from + kx] = (inputGradient[from + kx] as number) + g * (weight.values[w + kx] as number)
          }
        }
      }
    }
  }
}

function multiply(input: Float32Array, weight: Float32Array, bias: Float32Array, output: Float32Array): void {
  for (let row = 0; row < output.length; row++) {
    let sum = bias[row] as number
    const from = row * input.length
    for (let column = 0; column < input.length; column++)
      sum += (weight[from + column] as number) * (input[column] as number)
    output[row] = sum
  }
}

function backThroughProduct(
  input: Float32Array,
  weight: Parameter,
  bias: Parameter,
  gradient: Float32Array,
  inputGradient: Float32Array,
): void {
  inputGradient.fill(0)
  for (let row = 0; row < gradient.length; row++) {
    const g = gradient[row] as number
    if (g === 0) continue
    bias.gradient[row] = (bias.gradient[row] as number) + g
    const from = row * input.length
    for (let column = 0; column < input.length; column++) {
      weight.gradient[from + column] = (weight.gradient[from + column] as number) + g * (input[column] as number)
      inputGradient[column] = (inputGradient[column] as number) + g * (weight.values[from + column] as number)
    }
  }
}

function softmax(scores: Float32Array): Float32Array {
  const highest = Math.max(...scores)
  const powers = scores.map(score => Math.exp(score - highest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map(power => power / sum)
}

export interface Training {
  random: SeededRandom
  batches: number
  batchSize: number
  draw(digit: number, random: SeededRandom): Float32Array
  report(batch: number, loss: number): void
}

/** Trains on digits drawn as they are needed: no digit is seen twice, so there is nothing to learn by heart. */
export function train(network: Network, training: Training): void {
  const { random, batches, batchSize } = training
  const first = new Float32Array(shape.first * pooledFirst ** 2)
  const second = new Float32Array(flat)
  const hidden = new Float32Array(shape.hidden)
  const scores = new Float32Array(shape.digits)
  const chosen1 = new Int32Array(first.length)
  const chosen2 = new Int32Array(second.length)
  const back = { first: first.slice(), second: second.slice(), hidden: hidden.slice() }
  const adam = new Adam(Object.values(network))
  const { conv1, bias1, conv2, bias2, dense1, bias3, dense2, bias4 } = network
  for (let batch = 0; batch < batches; batch++) {
    let loss = 0
    for (let sample = 0; sample < batchSize; sample++) {
      const digit = sample % 10
      const image = training.draw(digit, random)
      convolveAndPool(convolution1, image, conv1.values, bias1.values, first, chosen1)
      convolveAndPool(convolution2, first, conv2.values, bias2.values, second, chosen2)
      multiply(second, dense1.values, bias3.values, hidden)
      for (let at = 0; at < hidden.length; at++) hidden[at] = Math.max(0, hidden[at] as number)
      multiply(hidden, dense2.values, bias4.values, scores)
      const gradient = softmax(scores)
      loss -= Math.log(Math.max(gradient[digit] as number, 1e-9))
      gradient[digit] = (gradient[digit] as number) - 1
      backThroughProduct(hidden, dense2, bias4, gradient, back.hidden)
      for (let at = 0; at < hidden.length; at++) if ((hidden[at] as number) <= 0) back.hidden[at] = 0
      backThroughProduct(second, dense1, bias3, back.hidden, back.second)
      back.first.fill(0)
      backThroughPool(convolution2, first, conv2, bias2, second, chosen2, back.second, back.first)
      backThroughPool(convolution1, image, conv1, bias1, first, chosen1, back.first, null)
    }
    // The rate falls along half a cosine to a hundredth, so that the last batches only polish.
    const rate = 0.002 * (0.01 + 0.99 * 0.5 * (1 + Math.cos((Math.PI * batch) / batches)))
    adam.step(rate, batchSize)
    training.report(batch, loss / batchSize)
  }
}
