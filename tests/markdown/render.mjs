// Markdown files -> one HTML page each, as GitHub and as Jupyter make it, and every formula's errors. Not part of the test
// run; by hand, in a folder outside the repository:
//   npm install mathjax-full@3 katex marked micromark micromark-extension-gfm
//   NODE_PATH=$PWD/node_modules node …/tests/markdown/render.mjs OUT FILE.md …
//   chromium --headless --no-sandbox --screenshot=page.png --window-size=900,3000 OUT/FILE.github.html
// GitHub: GFM first, then MathJax on what is left between dollar signs, without the macros it refuses.
// Jupyter: formulas taken out (JupyterLab's latex.ts), marked, formulas put back, MathJax. KaTeX stands for VS Code.
import {createRequire} from "node:module";
import {readFileSync, writeFileSync} from "node:fs";
import {basename, dirname, resolve} from "node:path";

const need = createRequire(resolve(process.env.NODE_PATH, "x.js"));
const load = async name => import(need.resolve(name));
const {micromark} = await load("micromark");
const {gfm, gfmHtml} = await load("micromark-extension-gfm");
const {marked} = await load("marked");
const katex = need("katex");
const mathjax = await need("mathjax-full/es5/node-main.js").init({loader: {load: ["input/tex-full", "output/svg", "adaptors/liteDOM"]}});

const REFUSED = /\\(operatorname|mbox|phantom|hphantom|vphantom|def|let|newcommand|renewcommand|require|unicode|class|style|cssId|href)(?![a-zA-Z])/;
const FORMULA = /(?<![\\$])(\$\$|\$)(?!\$)([\s\S]+?)(?<!\\)\1/g;
const plain = html => html.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&");
const counts = {github: 0, jupyter: 0, katex: 0}, errors = {};

function note(engine, tex, problem) {
  const key = `${engine}: ${problem}`;
  (errors[key] ??= []).push(tex.slice(0, 90));
}

function set(engine, tex, display) {
  counts[engine]++;
  if (engine === "github" && REFUSED.test(tex)) note(engine, tex, "refused macro");
  const svg = mathjax.startup.adaptor.outerHTML(mathjax.tex2svg(tex, {display}));
  const wrong = /data-mjx-error="([^"]*)"/.exec(svg) ?? (svg.includes(`fill="red"`) ? ["", "unknown macro"] : null) ?? (/<[a-z]+>/.test(tex) ? ["", "markup inside"] : null);
  if (wrong) note(engine, tex, wrong[1]);
  return display ? `<div class="math">${svg}</div>` : svg;
}

function github(text) {
  const html = micromark(text, {extensions: [gfm()], htmlExtensions: [gfmHtml()]});
  return html.replace(FORMULA, (_, mark, tex) => set("github", plain(tex), mark === "$$"));
}

function jupyter(text) {
  const kept = [];
  const without = text.replace(FORMULA, (_, mark, tex) => `@@${kept.push([tex, mark === "$$"]) - 1}@@`);
  return marked.parse(without).replace(/@@(\d+)@@/g, (_, n) => set("jupyter", ...kept[n]));
}

function vscode(text) {
  for (const [, mark, tex] of text.matchAll(FORMULA)) {
    counts.katex++;
    try { katex.renderToString(tex, {displayMode: mark === "$$", throwOnError: true, strict: "error"}); }
    catch (problem) { note("katex", tex, problem.message.slice(0, 80)); }
  }
}

const css = mathjax.startup.adaptor.textContent(mathjax.svgStylesheet());
const page = (body, base) => `<!doctype html><meta charset="utf-8"><base href="file://${base}/"><style>${css}
body{font:16px/1.5 sans-serif;max-width:846px;margin:20px auto}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 12px}
.math{overflow-x:auto;text-align:center;margin:16px 0}img{max-width:100%}</style>${body}`;

const [out, ...files] = process.argv.slice(2);
for (const file of files) {
  const text = readFileSync(file, "utf8"), base = dirname(resolve(file));
  writeFileSync(`${out}/${basename(file, ".md")}.github.html`, page(github(text), base));
  writeFileSync(`${out}/${basename(file, ".md")}.jupyter.html`, page(jupyter(text), base));
  vscode(text);
}
console.log(files.length, "pages; formulas set:", counts);
for (const [problem, where] of Object.entries(errors)) console.log(where.length, "×", problem, "·", where[0]);
process.exitCode = Object.keys(errors).length ? 1 : 0;
