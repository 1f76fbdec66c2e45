import { expect, test } from 'vitest'
import { parseJson, readFields, startJson, textOfJson, writeField } from '../../console/pages/service/service-json.ts'

test('what a form writes is what it reads, and what it does not know stays', () => {
  const config = { ...startJson('eas-r-1', 'ws-1'), labels: { team: 'a' }, metadata: { rpc: { keepalive: 5 } } }
  const named = writeField(writeField(config, 'name', 'digits'), 'cpu', 2)
  expect(readFields(named)).toMatchObject({ name: 'digits', cpu: 2, program: 'onnx' })
  expect(named).toMatchObject({ labels: { team: 'a' }, metadata: { rpc: { keepalive: 5 } } })
})

test('another kind of program leaves nothing of the one before', () => {
  const command = writeField(writeField(startJson('', 'ws-1'), 'modelPath', '/m.onnx'), 'program', 'command')
  expect(command).not.toHaveProperty('processor')
  expect(command).not.toHaveProperty('model_path')
  const written = writeField(command, 'command', 'serve --port $PORT')
  expect(readFields(written)).toMatchObject({ program: 'command', command: 'serve --port $PORT' })
  const image = writeField(writeField(written, 'program', 'image'), 'image', 'me/model:1')
  expect(image.containers).toEqual([{ image: 'me/model:1', port: 8000 }])
  expect(readFields(writeField(image, 'program', 'onnx')).program).toBe('onnx')
})

test('an emptied field leaves the JSON', () => {
  expect(writeField(startJson('g', 'ws-1'), 'memoryMib', null).metadata).not.toHaveProperty('memory')
})

test('what is no JSON object is none', () => {
  expect(parseJson('{"a":')).toBeNull()
  expect(parseJson('[1]')).toBeNull()
  expect(parseJson(textOfJson(startJson('x', 'ws-1')))).toEqual(startJson('x', 'ws-1'))
})
