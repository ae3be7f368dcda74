'use strict';
// Reads one JSON string (a Flux query) a line, answers one JSON object a line:
//   ok      whether the reference parser of Flux finds no fault of syntax
//   valid   whether names and types are right too (its own judgement)
//   errors  all messages, `syntax` those of the parser
//   tree    a summary of its syntax tree: nested lists of kinds and names (null when not ok)
const readline = require('node:readline');
const flux = require('@influxdata/flux-lsp-node');

const SYNTAX = [
  /^expected .*, got /, /^invalid expression/, /^invalid statement/, /^cannot mix /, /^missing property/,
  /^unexpected token/, /^got unexpected token/, /must have a value$/, /^pipe destination/,
  /^no expression included/, /^invalid integer literal/, /^regex parse error/, /^invalid utf-8/,
  /^Program is nested too deep/, /^invalid binary operator/, /^extra attributes/,
  /^found multiple attribute lists/, /^unterminated regex/, /^invalid byte value/, /^\\x followed/,
  /^invalid escape/, /^compiled too big/, /^regexp /, /^$/, /out of range/,
];

const KINDS = {
  File: (n) => ['file', ...n.imports.map(walk), ...n.body.map(walk)],
  ImportDeclaration: (n) => ['import', n.as ? n.as.name : null, n.path.value],
  VariableAssignment: (n) => ['assign', n.id.name, walk(n.init)],
  ExpressionStatement: (n) => ['evaluate', walk(n.expression)],
  OptionStatement: (n) => ['option', ...walk(n.assignment).slice(1)],
  MemberAssignment: (n) => ['assign', `${n.member.object.name}.${key(n.member.property)}`, walk(n.init)],
  ReturnStatement: (n) => ['return', walk(n.argument)],
  BuiltinStatement: (n) => ['builtin', n.id.name],
  TestCaseStatement: (n) => ['testcase', n.id.name, KINDS.Block(n.block)],
  Block: (n) => ['block', ...n.body.map(walk)],
  Identifier: (n) => ['name', n.name],
  IntegerLiteral: (n) => ['int', String(n.value)],
  FloatLiteral: (n) => ['float', Number(n.value)],
  StringLiteral: (n) => ['text', n.value],
  StringExpression: (n) => ['interpolated', ...n.parts.map(walk)],
  TextPart: (n) => ['text', n.value],
  InterpolatedPart: (n) => walk(n.expression),
  RegexpLiteral: (n) => ['regex', n.value],
  DurationLiteral: (n) => ['duration', n.values.map((v) => `${v.magnitude}${v.unit}`).join('')],
  DateTimeLiteral: () => ['instant'],
  PipeLiteral: () => ['pipe'],
  LabelLiteral: (n) => ['label', n.value],
  ArrayExpression: (n) => ['array', ...n.elements.map((e) => walk(e.type ? e : e.expression))],
  DictExpression: (n) => ['dictionary', ...n.elements.flatMap((e) => [walk(e.key), walk(e.val)])],
  ObjectExpression: (n) => ['record', n.with ? n.with.source ? n.with.source.name : n.with.name : null,
    ...properties(n.properties)],
  FunctionExpression: (n) => ['function', properties(n.params), walk(n.body)],
  CallExpression: (n) => ['call', walk(n.callee),
    ...(n.arguments || []).flatMap((a) => properties(a.properties))],
  PipeExpression: (n) => ['piped', walk(n.argument), KINDS.CallExpression(n.call)],
  MemberExpression: (n) => ['member', walk(n.object), key(n.property)],
  IndexExpression: (n) => ['index', walk(n.array), walk(n.index)],
  UnaryExpression: (n) => ['unary', n.operator, walk(n.argument)],
  BinaryExpression: (n) => ['binary', n.operator, walk(n.left), walk(n.right)],
  LogicalExpression: (n) => ['binary', n.operator, walk(n.left), walk(n.right)],
  ConditionalExpression: (n) => ['if', walk(n.test), walk(n.consequent), walk(n.alternate)],
  ParenExpression: (n) => ['paren', walk(n.expression)],
};

function key(node) {
  return node.name === undefined ? node.value : node.name;
}

function properties(list) {
  return list.map((p) => [key(p.key), p.value ? walk(p.value) : null]);
}

function walk(node) {
  const make = KINDS[node.type];
  return make ? make(node) : ['?', node.type];
}

async function main() {
  const server = new flux.Lsp();
  let heard = [];
  server.onMessage((message) => heard.push(JSON.parse(message)));
  server.run();
  const send = (method, params, id) => server.send(JSON.stringify({jsonrpc: '2.0', id, method, params}));
  await send('initialize', {capabilities: {}}, 1);

  const messages = async (text, number) => {
    heard = [];
    const textDocument = {uri: `file:///${number}/query.flux`, languageId: 'flux', version: 1, text};
    await send('textDocument/didOpen', {textDocument});
    for (let turn = 0; turn < 200 && !heard.length; turn += 1) await new Promise(setImmediate);
    const found = heard.flatMap((m) => (m.params && m.params.diagnostics) || []).map((d) => d.message);
    await send('textDocument/didClose', {textDocument: {uri: textDocument.uri}});
    return found;
  };

  let number = 0;
  for await (const line of readline.createInterface({input: process.stdin})) {
    const text = JSON.parse(line);
    number += 1;
    const all = await messages(text, number);
    const errors = all.filter((message) => SYNTAX.some((pattern) => pattern.test(message)));
    const ok = errors.length === 0;
    const answer = {ok, valid: all.length === 0, errors: all, syntax: errors, tree: ok ? walk(flux.parse(text)) : null};
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}

main();
