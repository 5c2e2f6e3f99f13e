# Threads with queues, a child that reads a pipe, and memory that the collector moves through. See target.h for what it is asked.

(3..1023).each { |fd| IO.for_fd(fd, autoclose: true).close rescue nil } # what the launcher leaked is not ours to be dumped with
$log = File.open('log', 'a')
$log.sync = true

def expect(condition, text)
  return if condition
  $log.write("FAIL #{text}\n")
  exit!(3)
end

questions = Queue.new
answers = Queue.new
threads = Array.new(2) { Thread.new { while (number = questions.pop) != :end do answers << number * number end } }
reader, writer = IO.pipe
child = fork do
  writer.close
  sum = 0
  reader.each_line { |line| sum += line.to_i }
  File.write('sum', sum.to_s)
  exit!(0)
end
reader.close
tick = sum = 0
until File.exist?('finish')
  if File.exist?('pause')
    File.write('paused', '')
    sleep 0.02
    next
  end
  File.unlink('paused') if File.exist?('paused')
  tick += 1
  20.times { |at| questions << tick + at }
  expect(Array.new(20) { answers.pop }.sort == Array.new(20) { |at| (tick + at)**2 }, "the answers to #{tick}")
  texts = Array.new(1000) { |at| (at * tick).to_s }
  expect(texts.sum(&:to_i) == tick * 499_500, "the texts of #{tick}")
  writer.puts(tick)
  sum += tick
  $log.write("#{tick}\n")
end
2.times { questions << :end }
threads.each(&:join)
writer.close
Process.wait(child)
expect(File.read('sum').to_i == sum, "the child has #{File.read('sum')}, and it was told #{sum}")
$log.write("DONE\n")
