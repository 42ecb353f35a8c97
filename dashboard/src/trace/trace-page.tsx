// A trace on a page of its own.
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { PageHead } from "../shell/page-head.js";
import { carriedSearch, useView } from "../shell/view.js";
import { TraceView } from "./trace-view.js";

export function TracePage() {
  const { id = "" }: { id?: string } = useParams({ strict: false });
  const { search } = useView();
  return (
    <>
      <PageHead title="Trace">
        <code className="faint cut">{id}</code>
        <Link to="/traces" search={carriedSearch(search)} className="button">
          <ArrowLeft size={14} />
          All traces
        </Link>
      </PageHead>
      <div className="page-body trace-page">
        <div className="card">
          <TraceView key={id} id={id} />
        </div>
      </div>
    </>
  );
}
