-- Requests of random users, made before the load begins, and the figures as JSON at its end.
-- Arguments: a file of session tokens with ids and names of their users, one a line; the method; the path; a file with the body, or
-- nothing for none. VIEWER and USERNAME in a body stand for the user's.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init(arguments)
    local tokens, method, path, body_file = arguments[1], arguments[2], arguments[3], arguments[4]
    local body
    if body_file then
        local file = assert(io.open(body_file))
        body = file:read("*a")
        file:close()
    end
    requests = {}
    for line in io.lines(tokens) do
        local token, viewer, username = line:match("(%S+) (%S+) (%S+)")
        local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
        requests[#requests + 1] = wrk.format(method, path, headers, body and fill(body, viewer, username))
    end
    math.randomseed(os.time() * 10 + number)
end

function fill(body, viewer, username)
    return (body:gsub("VIEWER", viewer):gsub("USERNAME", username))
end

function request()
    return requests[math.random(#requests)]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "microseconds": %d, "bytes": %d, "failed": %d, "refused": %d, "p50": %d, "p99": %d, "max": %d}\n',
        summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.timeout, errors.status,
        latency:percentile(50), latency:percentile(99), latency.max
    ))
end
