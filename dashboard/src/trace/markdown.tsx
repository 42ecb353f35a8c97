// Markdown from a model, made into elements from a fixed list: its HTML stays text, its links say where they lead, its
// images are not fetched. There is no way from a string to markup here.
import { marked, type Token, type Tokens } from "marked";
import { Fragment, type ReactNode } from "react";
import "./markdown.css";

const linkPattern = /^(https?:|mailto:)/i;

export function Markdown({ text }: { readonly text: string }) {
  return <div className="markdown">{showTokens(marked.lexer(text, { gfm: true }))}</div>;
}

function showTokens(tokens: readonly Token[] | undefined): ReactNode {
  // Tokens have no names of their own, and a text is never shown in another order.
  return tokens?.map((token, index) => <Fragment key={index}>{showToken(token)}</Fragment>);
}

function showToken(token: Token): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "br":
      return <br />;
    case "hr":
      return <hr />;
    case "paragraph":
      return <p>{showTokens(token.tokens)}</p>;
    case "heading":
      return <p className="markdown-heading">{showTokens(token.tokens)}</p>;
    case "strong":
      return <strong>{showTokens(token.tokens)}</strong>;
    case "em":
      return <em>{showTokens(token.tokens)}</em>;
    case "del":
      return <del>{showTokens(token.tokens)}</del>;
    case "codespan":
      return <code>{readText(token)}</code>;
    case "code":
      return <pre className="code-block">{readText(token)}</pre>;
    case "blockquote":
      return <blockquote>{showTokens(token.tokens)}</blockquote>;
    case "list":
      return showList(token as Tokens.List);
    case "table":
      return showTable(token as Tokens.Table);
    case "link":
      return showLink(token as Tokens.Link);
    case "image":
      return <span className="faint">[image: {readText(token)}]</span>;
    case "escape":
      return readText(token);
    case "text":
      return "tokens" in token && token.tokens !== undefined ? showTokens(token.tokens) : readText(token);
    default:
      // HTML among them: shown as it was written.
      return token.raw;
  }
}

/** The text of a token; marked leaves entities in it as they were written. */
function readText(token: Token): string {
  return "text" in token && typeof token.text === "string" ? token.text : token.raw;
}

function showLink(link: Tokens.Link): ReactNode {
  if (!linkPattern.test(link.href)) return link.raw;
  return (
    <a href={link.href} title={link.href} target="_blank" rel="noopener noreferrer nofollow">
      {showTokens(link.tokens)}
    </a>
  );
}

function showList(list: Tokens.List): ReactNode {
  const items = list.items.map((item, index) => (
    <li key={index}>
      {item.task ? <input type="checkbox" checked={item.checked === true} readOnly disabled aria-label="Task" /> : null}
      {showTokens(item.tokens)}
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function showTable(table: Tokens.Table): ReactNode {
  return (
    <table className="list">
      <thead>
        <tr>
          {table.header.map((cell, index) => (
            <th key={index}>{showTokens(cell.tokens)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, at) => (
          <tr key={at}>
            {row.map((cell, index) => (
              <td key={index}>{showTokens(cell.tokens)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
